import { loadTarget } from '../../latency/load-target.js';
import type { BenchResult } from '../../runtime/bench-result.js';
import type { Run } from '../run.js';
import { latencyOfPlans } from '../select/latency-of-plans.js';
import { predictedRatio } from '../select/plan-latency.js';
import type { Candidate, Selection } from '../select/selection.js';

/** What a target that is not this machine would take for the candidates: predicted, and called estimated. */
export async function estimateCandidates(
  run: Run,
  { latency }: Selection,
  candidates: readonly Candidate[],
): Promise<BenchResult> {
  const estimate = latency ?? (await latencyOfPlans(run));
  const { baselineMs } = estimate;
  const baseline = { path: run.float.model.hash, bytes: run.source.bytes, medianMs: baselineMs, minMs: baselineMs };
  const ratios = candidates.map(({ trial }) => {
    const ratio = predictedRatio(estimate, run, trial.plan.units);
    return { path: trial.hash, ratio, low: ratio, high: ratio };
  });
  const models = ratios.map(({ path, ratio }) => ({
    ...baseline,
    path,
    medianMs: ratio * baselineMs,
    minMs: ratio * baselineMs,
  }));
  const { name, baseline: format } = loadTarget(run.settings.target);
  const provider = `${name}, against ${format}`;
  return { models: [baseline, ...models], ratios, rounds: 0, provider, estimated: true, spread: 0, noisy: false };
}
