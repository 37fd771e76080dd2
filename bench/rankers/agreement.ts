/** Rank correlations with a truth that is itself known from samples only. */
import { kendall, spearman } from '../../src/kernel/correlation.js';
import { random, shuffled } from '../../src/kernel/random.js';
import { mean, quantile } from '../../src/kernel/statistics.js';
import type { Agreement, Interval } from './figures.js';

/** Divergence of each unit on each sample: [units][samples]. */
export type Truth = readonly (readonly number[])[];

const RESAMPLES = 1000;

/** With the 95 % interval of a bootstrap that draws units and samples of the truth anew, both with repetition. */
export function agreement(scores: readonly number[], truth: Truth, seed = 0): Agreement {
  const source = random(seed);
  const draws = Array.from({ length: RESAMPLES }, () => {
    const units = drawn(scores.length, source.below);
    const samples = drawn(truth[0].length, source.below);
    return bothOf(
      units.map((unit) => scores[unit]),
      units.map((unit) => mean(samples.map((sample) => truth[unit][sample]))),
    );
  });
  const value = bothOf(scores, truth.map(mean));
  const interval = (of: keyof typeof value): Interval => {
    if (!Number.isFinite(value[of])) return { value: null, low: null, high: null };
    const seen = draws.map((draw) => draw[of]).filter(Number.isFinite);
    return { value: value[of], low: quantile(seen, 0.025), high: quantile(seen, 0.975) };
  };
  return { spearman: interval('spearman'), kendall: interval('kendall') };
}

/** Of the truth on one half of its samples with that on the other. */
export function agreementOfHalves(truth: Truth, seed = 0): Agreement {
  const order = shuffled(
    truth[0].map((_, i) => i),
    random(seed),
  );
  const half = order.length >> 1;
  const on = (samples: readonly number[]) => truth.map((row) => samples.map((i) => row[i]));
  return agreement(on(order.slice(0, half)).map(mean), on(order.slice(half)), seed);
}

function bothOf(a: readonly number[], b: readonly number[]) {
  return { spearman: spearman(a, b), kendall: kendall(a, b) };
}

function drawn(count: number, below: (bound: number) => number): readonly number[] {
  return Array.from({ length: count }, () => below(count));
}
