import type { Loss } from '../../autodiff/losses.js';
import { piecesOf, totalCount } from '../../calibrate/pieces.js';
import { readSample } from '../../data/prepared.js';
import type { Observer } from '../../kernel/observer.js';
import { once } from '../../kernel/once.js';
import { elementCount, toFloat32 } from '../../kernel/tensor.js';
import type { Format } from '../../quantize/formats.js';
import type { Unit } from '../../quantize/unit.js';
import type { Estimates } from '../../sensitivity/estimate.js';
import type { Estimator } from '../../sensitivity/estimator.js';
import { traceOf } from '../../sensitivity/estimators.js';
import { lossOf } from '../../sensitivity/loss-of-outputs.js';
import type { MeanEstimate } from '../../sensitivity/means.js';
import type { Estimate, Measures, UnitTrace } from '../../sensitivity/rankers.js';
import type { LabelSource } from '../../sensitivity/residuals.js';
import { activationMeanSquare, meanSquaredError } from '../../sensitivity/rounding.js';
import { traceEstimator } from '../../sensitivity/trace-estimator.js';
import {
  curvatureEstimator,
  fisherEstimator,
  type Trial,
  taylorEstimator,
} from '../../sensitivity/trial-estimators.js';
import type { FloatReference } from '../baseline/evaluations.js';
import { differentiatedBy, digestOf, digestOfTrials, estimateAll } from './estimate-all.js';
import type { MeasureOptions } from './measure-options.js';
import {
  edgesOf,
  type RoundedActivation,
  roundedActivations,
  roundedIn,
  trialName,
  trialOf,
  weightsOf,
} from './perturbed.js';
import { stepsOf } from './rank-units.js';
import { weightOf } from './unit-weight.js';

type DerivativeMeasures = Pick<Measures, 'traces' | TrialMeasure>;
type TrialMeasure = 'fisherChange' | 'firstOrderChange' | 'secondOrderChange';

/** Measures by derivatives: each is estimated for all units together when it is first asked for. */
export function createDerivativeMeasures(options: MeasureOptions): DerivativeMeasures {
  const traces = once(() => estimateTraces(options));
  const ofTrials = (by: TrialEstimator): Measures[TrialMeasure] => {
    const all = once(() => estimateTrials(options, by));
    return async (unit, format) => estimateOf((await all()).means.get(trialName(unit, format)));
  };
  return {
    traces: async (unit, format) => {
      const { means } = await traces();
      const weight = weightTrace(options, unit, format, means);
      const activations = roundedActivations(options, unit, format);
      return [...(weight ? [weight] : []), ...activations.map((each) => activationTrace(options, each, means))];
    },
    fisherChange: ofTrials(async (loss, trials) => fisherEstimator(loss, trials)),
    firstOrderChange: ofTrials(async (loss, trials, reference) =>
      taylorEstimator(loss, trials, await labelSource(options, reference)),
    ),
    secondOrderChange: ofTrials(async (loss, trials) => curvatureEstimator(loss, trials)),
  };
}

type TrialEstimator = (loss: Loss, trials: readonly Trial[], reference: FloatReference) => Promise<Estimator>;

async function estimateTraces(options: MeasureOptions): Promise<Estimates> {
  const reference = await options.float.ranking();
  const wrt = differentiatedBy(options);
  const estimator = traceEstimator(lossOf(reference.kinds), wrt);
  const estimates = await estimateAll(options, reference, estimator, digestOf(wrt));
  tell(options.observer, estimates, options);
  return estimates;
}

async function estimateTrials(options: MeasureOptions, by: TrialEstimator): Promise<Estimates> {
  const reference = await options.float.ranking();
  const trials = stepsOf(options.choices).map(({ unit, format }) => trialOf(options, unit, format));
  const estimator = await by(lossOf(reference.kinds), trials, reference);
  return estimateAll(options, reference, estimator, digestOfTrials(options, trials));
}

type Means = Estimates['means'];

function weightTrace(options: MeasureOptions, unit: Unit, format: Format, means: Means): UnitTrace | undefined {
  const weight = weightOf(options.source.model, unit);
  if (!weight || unit.weight === undefined) return undefined;
  return {
    of: 'weight',
    elements: elementCount(weight),
    ...estimateOf(means.get(traceOf(unit.weight))),
    meanSquaredError: meanSquaredError(toFloat32(weight), roundedIn(options, unit, weight, format)),
  };
}

function activationTrace(
  { calibrated }: MeasureOptions,
  { name, value, range, bits }: RoundedActivation,
  means: Means,
): UnitTrace {
  const { samples, activations } = calibrated.statistics;
  const pieces = piecesOf(activations[value]);
  return {
    of: 'activation',
    elements: totalCount(pieces) / samples,
    ...estimateOf(means.get(traceOf(name))),
    meanSquaredError: activationMeanSquare(pieces, { range, bits }),
  };
}

/** The data's labels where they are classes of what the one output scores; else labels are drawn. */
async function labelSource({ source }: MeasureOptions, { set, kinds }: FloatReference): Promise<LabelSource> {
  const [output, another] = Object.keys(kinds);
  if (!set.labelled || another !== undefined || kinds[output].kind === 'regression') return 'drawn';
  const { label } = await readSample(set, 0);
  const type = source.model.graph.outputs.find(({ name }) => name === output)?.type;
  const rank = type?.kind === 'tensor' ? type.shape?.length : undefined;
  return rank === (typeof label === 'number' ? 2 : 3) ? 'data' : 'drawn';
}

/** How far off it is for other samples, where more than one batch tells. */
function estimateOf(found: MeanEstimate | undefined): Estimate {
  if (!found) return { value: 0, standardError: 0 };
  const { mean, standardError, acrossSamples } = found;
  return { value: mean, standardError: Number.isFinite(acrossSamples) ? acrossSamples : standardError };
}

/** What the loss does not depend on, and errors that the budget left. */
function tell(
  observer: Observer | undefined,
  { means, worst, probes, samples, reason }: Estimates,
  { bench, source }: MeasureOptions,
) {
  const percent = (100 * worst).toFixed(1);
  const text = `traces on ${samples} samples by ${probes} probes: standard error at most ${percent} % (${reason})`;
  observer?.trace(text);
  const still = bench.net.units.filter((unit) => {
    const names = [...weightsOf([unit], source.model), ...edgesOf([unit]).map(({ name }) => name)];
    const traces = names.flatMap((name) => means.get(traceOf(name)) ?? []);
    return traces.length > 0 && traces.every(({ mean }) => mean === 0);
  });
  if (still.length === 0) return;
  observer?.note(`the outputs do not depend on ${still.map(({ name }) => name).join(', ')}: sensitivity 0`);
}
