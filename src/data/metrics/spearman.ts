import { spearman as rankCorrelation } from '../../kernel/correlation.js';
import { toNumbers } from '../../kernel/tensor.js';
import type { Metric } from '../metric.js';
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
    value: (rows) =>
      rankCorrelation(
        rows.map(([predicted]) => predicted),
        rows.map(([, target]) => target),
      ),
  };
}
