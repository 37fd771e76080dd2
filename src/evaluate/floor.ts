import type { Metric, Row } from '../data/metric.js';
import { BitloomError } from '../kernel/errors.js';
import { mean, sum } from '../kernel/statistics.js';
import type { Outcomes } from './outcomes.js';
import { type PairedLoss, pairedLoss, samplesToResolve, smallestResolved } from './paired-loss.js';

/** What a plan must keep. */
export type Floor =
  /** A share of the float model's metric: 0.999 for `99.9%`. */
  | { readonly kind: 'relative'; readonly fraction: number }
  /** Metric points that may be lost: 0.5 for `0.5pt` (of 100 where the metric is a share of 1). */
  | { readonly kind: 'absolute'; readonly points: number }
  /** Mean KL(float || quantized) in nats. */
  | { readonly kind: 'kl'; readonly max: number }
  /** Share of samples on which the float model's answer is kept. */
  | { readonly kind: 'agreement'; readonly fraction: number };

/** How it is decided whether a plan holds the floor (DESIGN.md section 5). */
export type Decide = 'estimate' | 'certify';

/** Loss as a multiple of mean divergence, fitted to plans whose loss is clear. */
export interface LossLine {
  readonly slope: number;
  readonly points: number;
}

export interface Verdict {
  readonly holds: boolean;
  readonly loss: PairedLoss;
  /** Loss that the smoother divergence predicts; absent without a line. */
  readonly predicted?: number;
}

export interface Judge {
  /** Largest loss that the floor allows, in the metric's own unit. */
  readonly allowed: number;
  /** Smallest loss that this many samples can rule out. */
  readonly resolves: number;
  judge(outcomes: Outcomes, line?: LossLine): Verdict;
  /** True once no further sample can change that a plan misses the floor. */
  hopeless(rows: readonly Row[], divergence: readonly number[], line?: LossLine): boolean;
}

/** Judges plans by their outcomes on the samples on which `float` was measured. */
export function createJudge(floor: Floor, decide: Decide, metric: Metric, float: Outcomes): Judge {
  const judged = floor.kind === 'kl' ? DIVERGENCE : metric;
  const rowsOf = (outcomes: Outcomes) => (floor.kind === 'kl' ? divergenceRows(outcomes.divergence) : outcomes.rows);
  const floatRows = rowsOf(float);
  const allowed = allowedLoss(floor, judged.value(floatRows), judged);
  const resolves = floor.kind === 'kl' ? 0 : smallestResolved(weight(judged, floatRows));
  return {
    allowed,
    resolves,
    judge(outcomes, line) {
      const loss = pairedLoss(judged, floatRows, rowsOf(outcomes));
      if (outcomes.stoppedEarly) return { holds: false, loss };
      if (decide === 'certify') return { holds: Math.max(loss.upper, resolves) <= allowed, loss };
      if (!line || floor.kind === 'kl') return { holds: loss.value <= allowed, loss };
      const predicted = line.slope * mean(outcomes.divergence);
      return { holds: loss.value <= allowed && predicted <= allowed, loss, predicted };
    },
    hopeless(rows, divergence, line) {
      const seen = floor.kind === 'kl' ? divergenceRows(divergence) : rows;
      const hopeful = asWellAsCan(judged, floatRows, seen);
      if (!hopeful) return false;
      const loss = pairedLossOf(judged, floatRows, hopeful, decide);
      if (loss > allowed) return true;
      if (decide === 'certify' || !line || floor.kind === 'kl') return false;
      // No divergence is negative, so what is left cannot lower what is predicted.
      return (line.slope * sum(divergence)) / floatRows.length > allowed;
    },
  };
}

/** Refuses a floor that `certify` could not confirm on this many samples whatever the plan. */
export function requireResolvable(judge: Judge, samples: number): void {
  if (judge.resolves <= judge.allowed) return;
  throw new BitloomError({
    kind: 'option',
    code: 'floor-not-certifiable',
    message: `${samples} selection samples resolve a loss of ${judge.resolves.toPrecision(2)}; the floor allows ${judge.allowed.toPrecision(2)}`,
    place: { option: 'decide' },
    hint: `certify needs ${samplesToResolve(judge.allowed)} selection samples for this floor; give more data, a looser --keep, or --decide estimate`,
  });
}

/** Plans whose divergence is more than this many times the mildest clear plan's have left the straight part. */
const STRAIGHT = 4;

/**
 * The line through 0 from mean divergence to loss, fitted to the mildest plans whose loss is clear (its interval
 * excludes 0): harsher ones bend away from it. Each plan counts alike. Without a clear plan there is no line.
 */
export function fitLossLine(
  plans: readonly { readonly divergence: number; readonly loss: PairedLoss }[],
): LossLine | undefined {
  const clear = plans.filter(({ loss, divergence }) => loss.low > 0 && divergence > 0);
  const least = Math.min(...clear.map(({ divergence }) => divergence));
  const straight = clear.filter(({ divergence }) => divergence <= STRAIGHT * least);
  if (straight.length === 0) return undefined;
  return { slope: mean(straight.map(({ loss, divergence }) => loss.value / divergence)), points: straight.length };
}

/** Mean divergence itself as the metric judged: float's is 0. */
const DIVERGENCE: Metric = {
  name: 'kl',
  higherIsBetter: false,
  kind: 'mean',
  needsLabels: false,
  row: () => {
    throw new Error('divergence is measured by the evaluation itself');
  },
  value: ratioOfTotals,
};

function divergenceRows(divergence: readonly number[]): readonly Row[] {
  return divergence.map((value) => [value, 1]);
}

function ratioOfTotals(rows: readonly Row[]): number {
  return sum(rows.map(([total]) => total)) / sum(rows.map(([, count]) => count));
}

function allowedLoss(floor: Floor, baseline: number, metric: Metric): number {
  switch (floor.kind) {
    case 'relative':
      if (!metric.higherIsBetter && baseline === 0) throw noBaseline(metric);
      return Math.abs(baseline) * (1 - floor.fraction);
    case 'absolute':
      return floor.points / (metric.kind === 'proportion' || Math.abs(baseline) <= 1 ? 100 : 1);
    case 'agreement':
      return 1 - floor.fraction;
    case 'kl':
      return floor.max;
    default:
      return floor satisfies never;
  }
}

/** How many independent answers the rows hold: samples, or counted positions. */
function weight(metric: Metric, rows: readonly Row[]): number {
  return metric.kind === 'mean' ? sum(rows.map(([, count]) => count)) : rows.length;
}

/** All rows if every sample not yet seen went as well as it can; nothing for metrics over whole sets, never given up early. */
function asWellAsCan(metric: Metric, float: readonly Row[], seen: readonly Row[]): readonly Row[] | undefined {
  if (metric.kind === 'set') return undefined;
  const best = metric.higherIsBetter ? bestRow(metric) : () => 0;
  return float.map((row, i) => seen[i] ?? [best(row), ...row.slice(1)]);
}

/** What a decision goes by: the loss, or for `certify` its bound. Bootstrapped bounds are not asked before the end. */
function pairedLossOf(metric: Metric, float: readonly Row[], rows: readonly Row[], decide: Decide): number {
  if (decide === 'certify' && metric.kind === 'proportion') return pairedLoss(metric, float, rows).upper;
  const sign = metric.higherIsBetter ? 1 : -1;
  return sign * (metric.value(float) - metric.value(rows));
}

function bestRow(metric: Metric): (row: Row) => number {
  return metric.kind === 'proportion' ? () => 1 : ([total, count]) => Math.max(total, count);
}

function noBaseline(metric: Metric): BitloomError {
  return new BitloomError({
    kind: 'option',
    code: 'floor-without-baseline',
    message: `the float model's ${metric.name} is 0, so a share of it means nothing`,
    place: { option: 'keep' },
    hint: 'state the floor as kl=..., agreement=... or in points',
  });
}
