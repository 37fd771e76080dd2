import { STAGES } from '../options.js';
import { printBenchmark } from '../report/benchmark.js';
import { stageCommand } from './stage-command.js';

export const benchCommand = stageCommand({
  name: 'bench',
  says: 'Time models against the first of them, in turns, and tell the ratio with its interval.',
  example: 'bitloom bench model.onnx out/model.onnx',
  options: STAGES.bench,
  run: async (options, observer, signal) => (await import('../pipeline/bench.js')).bench(options, observer, { signal }),
  print: printBenchmark,
});
