import { STAGES } from '../options.js';
import { printEvaluation } from '../report/evaluation.js';
import { stageCommand } from './stage-command.js';

export const evaluateCommand = stageCommand({
  name: 'evaluate',
  says: 'Measure the accuracy of a model; with --reference how it stands against another.',
  example: 'bitloom evaluate out/model.onnx --data images/ --labels labels.csv --preprocess imagenet',
  options: STAGES.evaluate,
  run: async (options, observer, signal) =>
    (await import('../pipeline/evaluate.js')).evaluate(options, observer, { signal }),
  print: printEvaluation,
});
