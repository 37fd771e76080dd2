import { STAGES } from '../options.js';
import { printInspection } from '../report/inspection.js';
import { stageCommand } from './stage-command.js';

export const inspectCommand = stageCommand({
  name: 'inspect',
  says: 'Tell what stands in a model: inputs, outputs, operators, units, weights and work.',
  example: 'bitloom inspect model.onnx',
  options: STAGES.inspect,
  run: async ({ model }) => (await import('../inspect.js')).inspect(model),
  print: printInspection,
});
