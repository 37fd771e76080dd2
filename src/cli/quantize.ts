import { STAGES } from '../options.js';
import type { QuantizeResult } from '../pipeline/quantize.js';
import { type Preview, printPreview } from '../report/preview.js';
import { printReport } from '../report/terminal.js';
import { stageCommand } from './stage-command.js';

/** The floor was asked for, and the best plan found does not hold it. */
const NOT_HELD = 2;

export const quantizeCommand = stageCommand({
  name: 'quantize',
  says: 'Find the fastest mixed-precision model inside an accuracy floor.',
  example: 'bitloom quantize model.onnx --data images/ --preprocess imagenet --keep 99.9%',
  options: STAGES.quantize,
  run: async (options, observer, signal): Promise<QuantizeResult | Preview> =>
    (await import('../pipeline/quantize.js')).quantize(options, observer, { signal }),
  print: (result) => ('report' in result ? printReport(result.report) : printPreview(result)),
  data: (result) => ('report' in result ? result.report : result),
  status: (result) => ('report' in result && result.report.floor.status === 'not-held' ? NOT_HELD : 0),
});
