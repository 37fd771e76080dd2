import { mean } from '../../kernel/statistics.js';
import { toNumbers } from '../../kernel/tensor.js';
import type { Metric, Row } from '../metric.js';
import { realLabel } from './labels.js';
import type { MetricOptions } from './options.js';
import { mainOutput } from './scores.js';

/** Rank correlation of a single real output with the labels, over the whole set. Rows are [predicted, target]. */
export function spearman(options: MetricOptions): Metric {
  return {
    name: 'spearman',
    higherIsBetter: true,
    kind: 'set',
    needsLabels: true,
    row: (result) => [toNumbers(mainOutput(result.outputs, options.output))[0], realLabel(result)],
    value: rankCorrelation,
  };
}

/** NaN where a prediction is not a number, or where one side does not vary. */
function rankCorrelation(rows: readonly Row[]): number {
  if (rows.some((row) => row.some(Number.isNaN))) return Number.NaN;
  return correlation(ranks(rows.map((row) => row[0])), ranks(rows.map((row) => row[1])));
}

/** Positions in sorted order; equal values share the mean of theirs. */
export function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  const result: number[] = new Array(values.length).fill(0);
  for (let first = 0; first < order.length; ) {
    let last = first;
    while (last + 1 < order.length && values[order[last + 1]] === values[order[first]]) last++;
    for (let i = first; i <= last; i++) result[order[i]] = (first + last) / 2;
    first = last + 1;
  }
  return result;
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += (a[i] - ma) * (b[i] - mb);
    aa += (a[i] - ma) ** 2;
    bb += (b[i] - mb) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}
