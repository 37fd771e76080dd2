import { type SymmetricMatrix, scalarProduct, symmetric } from '../../search/damage/symmetric-matrix.js';
import { lossOf } from '../../sensitivity/loss-of-outputs.js';
import type { ProbeRow } from '../../sensitivity/run-probes.js';
import { alongProbesEstimator } from '../../sensitivity/trial-estimators.js';
import { digestOfTrials, estimateAll } from '../select/estimate-all.js';
import type { MeasureOptions } from '../select/measure-options.js';
import { trialOf } from '../select/perturbed.js';
import { stepsOf } from '../select/rank-units.js';

/** Probes a sample: exact for up to as many scores; an entry errs by about sqrt(2 / (probes samples)) of its diagonal beyond. */
const PROBES = 16;

/** d_i' H d_j between all steps, H the Hessian of the divergence: the Gram matrix of their linearised shifts. */
export async function measureCurvature(options: MeasureOptions): Promise<SymmetricMatrix> {
  const reference = await options.float.ranking();
  const trials = stepsOf(options.choices).map(({ unit, format }) => trialOf(options, unit, format));
  const rows: ProbeRow[] = [];
  await estimateAll(
    options,
    reference,
    alongProbesEstimator(lossOf(reference.kinds), trials),
    digestOfTrials(options, trials),
    { precision: { tolerance: 0, mostProbes: PROBES }, onRow: (row) => void rows.push(row) },
  );
  rows.sort((a, b) => a.samples[0] - b.samples[0] || a.probe - b.probe);
  const along = trials.map(({ name }) => Float64Array.from(rows, ({ values }) => values[name]));
  return symmetric(trials.length, (k, l) => scalarProduct(along[k], along[l]) / rows.length);
}
