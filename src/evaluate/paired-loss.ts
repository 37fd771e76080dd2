import type { Metric, Row } from '../data/metric.js';
import { quantile } from '../kernel/statistics.js';
import { type Estimate, resampled } from './intervals.js';

/** How much worse than float a model is on the same samples, positive when worse. */
export interface PairedLoss extends Estimate {
  /** One-sided 95 % upper bound: what `certify` decides by. */
  readonly upper: number;
}

/** One sample's row under the float model and under the candidate. */
type Pair = readonly [float: Row, candidate: Row];

const Z_ONE_SIDED = 1.6448536269514722;
const Z_TWO_SIDED = 1.959963984540054;

/** Paired loss of the metric; both lists hold the same samples in the same order. */
export function pairedLoss(metric: Metric, float: readonly Row[], candidate: readonly Row[]): PairedLoss {
  const pairs = candidate.map((row, i): Pair => [float[i], row]);
  return metric.kind === 'proportion' ? flipLoss(metric, pairs) : bootstrapLoss(metric, pairs);
}

/**
 * The smallest loss that `samples` samples can rule out at 95 % when not one of them flips: 1 - 0.05^(1/n), about 3/n
 * (the rule of three).
 */
export function smallestResolved(samples: number): number {
  return 1 - 0.05 ** (1 / samples);
}

/** Samples that are needed before a loss as small as `loss` can be ruled out. */
export function samplesToResolve(loss: number): number {
  return Math.ceil(Math.log(0.05) / Math.log1p(-loss));
}

/** Tango's score interval for the difference of paired proportions (Statistics in Medicine 17, 1998, 891-908). */
function flipLoss(metric: Metric, pairs: readonly Pair[]): PairedLoss {
  const sign = metric.higherIsBetter ? 1 : -1;
  const differences = pairs.map(([float, candidate]) => sign * (float[0] - candidate[0]));
  const worse = differences.filter((difference) => difference > 0).length;
  const better = differences.filter((difference) => difference < 0).length;
  const samples = pairs.length;
  const bound = (z: number) => tangoBound(worse, better, samples, z);
  return {
    value: (worse - better) / samples,
    low: bound(Z_TWO_SIDED),
    high: bound(-Z_TWO_SIDED),
    upper: Math.max(bound(-Z_ONE_SIDED), smallestResolved(samples)),
    samples,
  };
}

/** The difference at which Tango's score statistic equals `z`: it falls as the difference grows, so halve to it. */
function tangoBound(worse: number, better: number, samples: number, z: number): number {
  let low = -1;
  let high = 1;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (tangoScore(worse, better, samples, middle) > z) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function tangoScore(worse: number, better: number, samples: number, difference: number): number {
  const a = 2 * samples;
  const b = -worse - better + (a - worse + better) * difference;
  const c = -better * difference * (1 - difference);
  const share = (Math.sqrt(Math.max(0, b * b - 4 * a * c)) - b) / (2 * a);
  const variance = samples * (2 * share + difference * (1 - difference));
  const distance = worse - better - samples * difference;
  if (distance === 0) return 0;
  return distance / Math.sqrt(Math.max(0, variance));
}

function bootstrapLoss(metric: Metric, pairs: readonly Pair[]): PairedLoss {
  const sign = metric.higherIsBetter ? 1 : -1;
  const loss = (drawn: readonly Pair[]) =>
    sign * (metric.value(drawn.map(([float]) => float)) - metric.value(drawn.map(([, candidate]) => candidate)));
  const draws = resampled(pairs, loss);
  return {
    value: loss(pairs),
    low: quantile(draws, 0.025),
    high: quantile(draws, 0.975),
    upper: quantile(draws, 0.95),
    samples: pairs.length,
  };
}
