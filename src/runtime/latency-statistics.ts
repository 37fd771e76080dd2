import { median, quantile } from '../kernel/statistics.js';

/** A median with its two-sided 95 % interval. */
export interface MedianInterval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const Z = 1.959963984540054;

/** With fewer values not even their extremes hold the median at 95 %: all lie on one side of it at 2 x 0.5^n. */
export const FEWEST_ROUNDS = 6;

/**
 * The median and its 95 % interval by order statistics: the ranks n/2 -+ z sqrt(n)/2, rounded outwards. It assumes
 * nothing about how the values are distributed, which for latencies is skewed. Of fewer than `FEWEST_ROUNDS` values, the
 * extremes, which promise less.
 */
export function medianInterval(values: readonly number[]): MedianInterval {
  const sorted = [...values].sort((a, b) => a - b);
  const half = (Z * Math.sqrt(sorted.length)) / 2;
  const low = Math.max(1, Math.floor(sorted.length / 2 - half));
  const high = Math.min(sorted.length, Math.ceil(1 + sorted.length / 2 + half));
  return { value: median(sorted), low: sorted[low - 1], high: sorted[high - 1] };
}

/** Times of each model in each round: `times[model][round]`, in milliseconds. */
export type RoundTimes = readonly (readonly number[])[];

/** How each model's time compares with the first's: the ratio is taken within each round, where both met the same noise. */
export function ratiosToFirst(times: RoundTimes): readonly MedianInterval[] {
  const [first, ...others] = times;
  return others.map((other) => medianInterval(other.map((time, round) => time / first[round])));
}

/**
 * The widest interval relative to its value: of the ratios, or of the time itself where there is one model. Infinite
 * where there are too few rounds for an interval.
 */
export function relativeWidth(times: RoundTimes): number {
  if (times[0].length < FEWEST_ROUNDS) return Number.POSITIVE_INFINITY;
  const intervals = times.length > 1 ? ratiosToFirst(times) : times.map(medianInterval);
  return Math.max(...intervals.map(({ value, low, high }) => (high - low) / value));
}

/**
 * How restless the machine was: interquartile range over median of the first model's times. Where `feeds` different ones
 * took turns (round r ran feed r mod `feeds`), each time counts relative to its own feed's median: that sequences differ
 * in length is no disturbance.
 */
export function restlessness([first]: RoundTimes, feeds = 1): number {
  const typical = Array.from({ length: Math.min(feeds, first.length) }, (_, feed) =>
    median(first.filter((_, round) => round % feeds === feed)),
  );
  const relative = first.map((time, round) => time / typical[round % feeds]);
  return (quantile(relative, 0.75) - quantile(relative, 0.25)) / median(relative);
}
