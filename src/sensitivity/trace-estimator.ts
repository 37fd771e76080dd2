import type { Loss } from '../autodiff/losses.js';
import type { Estimator } from './estimator.js';
import { TRACE_ESTIMATORS, type TraceEstimatorName } from './estimators.js';
import { probesOf } from './loss-of-outputs.js';
import { probesForExact } from './probes.js';

/** Samples of one run: more do not run faster each, and add what they share to the noise of weights. ADR 0130. */
const TOGETHER = 8;

/** Traces of the Hessian of `loss`, one for each name of `wrt`. */
export function traceEstimator(loss: Loss, wrt: readonly string[], by: TraceEstimatorName = 'outputs'): Estimator {
  return {
    key: `trace by ${by}`,
    derive: (program) => TRACE_ESTIMATORS[by](program, wrt, loss),
    mostTogether: TOGETHER,
    exactAfter: (layouts) => (by === 'outputs' ? probesForExact(probesOf(layouts)) : Number.POSITIVE_INFINITY),
  };
}
