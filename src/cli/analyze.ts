import { STAGES } from '../options.js';
import { printAnalysis } from '../report/analysis.js';
import { stageCommand } from './stage-command.js';

export const analyzeCommand = stageCommand({
  name: 'analyze',
  says: 'Measure how much each format hurts each unit alone, by one ranker or several.',
  example: 'bitloom analyze model.onnx --data images/ --preprocess imagenet --ranker hessian,kl',
  options: STAGES.analyze,
  run: async (options, observer, signal) =>
    (await import('../pipeline/analyze/analyze.js')).analyze(options, observer, { signal }),
  print: printAnalysis,
});
