import type { BenchResult } from '../runtime/bench.js';
import { bytes, ending, significant, table } from './format.js';

/** Timings for a terminal of 80 columns. */
export function printBenchmark({ models, ratios, ...run }: BenchResult): string {
  const threads = `${run.threads} thread${run.threads === 1 ? '' : 's'}`;
  const title = `${run.runtime}, ${run.provider}, ${threads}, batch ${run.batch}; ${run.rounds} interleaved rounds`;
  const rows = models.map((model, i) => [
    ending(model.path, 32),
    significant(model.medianMs),
    significant(model.minMs),
    ratioOf(ratios[i - 1]),
    bytes(model.peakBytes),
  ]);
  const noisy = run.noisy ? 'the machine was restless: trust the ratios before the times\n' : '';
  return `${title}\n\n${table([['model', 'ms', 'min', 'ratio (95 %)', 'peak'], ...rows])}\n${noisy}`;
}

/** The first model is what the others are held against. */
function ratioOf(ratio: BenchResult['ratios'][number] | undefined): string {
  if (!ratio) return '1';
  return `${significant(ratio.ratio)} (${significant(ratio.low)} .. ${significant(ratio.high)})`;
}
