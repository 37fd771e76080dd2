import { STAGES } from '../options.js';
import { printComparison } from '../report/comparison.js';
import { stageCommand } from './stage-command.js';

export const compareCommand = stageCommand({
  name: 'compare',
  says: 'Tell how far the values inside a model are from the float model, and where it starts.',
  example: 'bitloom compare model.onnx out/model.onnx --data images/',
  options: STAGES.compare,
  run: async (options, observer, signal) =>
    (await import('../pipeline/compare.js')).compare(options, observer, { signal }),
  print: (comparisons) => comparisons.map(printComparison).join('\n'),
});
