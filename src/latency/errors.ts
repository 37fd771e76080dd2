import { median, quantile } from '../kernel/statistics.js';

/** Latency of one plan relative to float. */
export interface Compared {
  readonly predicted: number;
  readonly measured: number;
}

export interface PredictionErrors {
  readonly plans: number;
  /** Of |predicted / measured - 1|. */
  readonly median: number;
  readonly p95: number;
  /** Pairs of plans whose measured latencies differ by more than 5 %. */
  readonly pairs: number;
  /** Share of these pairs that the prediction orders rightly; 1 when there is none. */
  readonly ordered: number;
}

/** Below this two plans count as equally fast. */
const DIFFERS = 1.05;

export function predictionErrors(plans: readonly Compared[]): PredictionErrors {
  const errors = plans.map(({ predicted, measured }) => Math.abs(predicted / measured - 1));
  const pairs = plans.flatMap((one, i) => plans.slice(i + 1).map((other) => [one, other] as const)).filter(differ);
  const right = pairs.filter(([a, b]) => a.measured < b.measured === a.predicted < b.predicted);
  return {
    plans: plans.length,
    median: median(errors),
    p95: quantile(errors, 0.95),
    pairs: pairs.length,
    ordered: pairs.length === 0 ? 1 : right.length / pairs.length,
  };
}

function differ([a, b]: readonly [Compared, Compared]): boolean {
  return Math.max(a.measured, b.measured) > DIFFERS * Math.min(a.measured, b.measured);
}
