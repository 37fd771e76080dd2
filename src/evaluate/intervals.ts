import type { Metric, Row } from '../data/metric.js';
import { random } from '../kernel/random.js';
import { quantile } from '../kernel/statistics.js';

/** A figure with its two-sided interval. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly samples: number;
}

/** Two-sided confidence of every interval that is reported, and its normal quantile. */
export const CONFIDENCE = 0.95;
const Z_TWO_SIDED = 1.959963984540054;
const BOOTSTRAP_DRAWS = 2000;

/** The metric over a set with a 95 % interval: Wilson's for proportions, bootstrapped over samples otherwise. */
export function estimateMetric(metric: Metric, rows: readonly Row[]): Estimate {
  const value = metric.value(rows);
  const [low, high] = metric.kind === 'proportion' ? wilson(value, rows.length) : bootstrap(rows, metric.value);
  return { value, low, high, samples: rows.length };
}

/** Wilson's score interval for a proportion (Wilson 1927). */
export function wilson(share: number, samples: number): readonly [low: number, high: number] {
  const z2 = Z_TWO_SIDED ** 2 / samples;
  const centre = (share + z2 / 2) / (1 + z2);
  const half = (Z_TWO_SIDED * Math.sqrt((share * (1 - share)) / samples + z2 / (4 * samples))) / (1 + z2);
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

/** Percentile bootstrap over samples, 95 % two-sided; the seed is fixed, so equal rows give equal intervals. */
export function bootstrap<T>(items: readonly T[], value: (drawn: readonly T[]) => number): readonly [number, number] {
  const drawn = resampled(items, value);
  return [quantile(drawn, (1 - CONFIDENCE) / 2), quantile(drawn, (1 + CONFIDENCE) / 2)];
}

/** The statistic on each of the bootstrap's resamples. */
export function resampled<T>(items: readonly T[], value: (drawn: readonly T[]) => number): readonly number[] {
  const source = random(20230604);
  return Array.from({ length: BOOTSTRAP_DRAWS }, () => value(items.map(() => items[source.below(items.length)])));
}
