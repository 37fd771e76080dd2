import { createHash } from 'node:crypto';
import type { Loss } from '../../autodiff/losses.js';
import { piecesOf, totalCount } from '../../calibrate/pieces.js';
import type { OutputKinds } from '../../data/metric.js';
import { readSample } from '../../data/prepared.js';
import type { Model } from '../../graph/model.js';
import type { Observer } from '../../kernel/observer.js';
import { once } from '../../kernel/once.js';
import { elementCount, toFloat32 } from '../../kernel/tensor.js';
import type { Format } from '../../quantize/formats.js';
import type { Unit } from '../../quantize/unit.js';
import type { Subject } from '../../sensitivity/derived-programs.js';
import { type Estimates, estimate } from '../../sensitivity/estimate.js';
import type { Estimator } from '../../sensitivity/estimator.js';
import { traceOf } from '../../sensitivity/estimators.js';
import { lossOf } from '../../sensitivity/loss-of-outputs.js';
import type { MeanEstimate } from '../../sensitivity/means.js';
import type { Estimate, Measures, UnitTrace } from '../../sensitivity/rankers.js';
import type { LabelSource } from '../../sensitivity/residuals.js';
import { activationMeanSquare, meanSquaredError } from '../../sensitivity/rounding.js';
import type { ProbeRow } from '../../sensitivity/run-probes.js';
import { traceEstimator } from '../../sensitivity/trace-estimator.js';
import {
  curvatureEstimator,
  fisherEstimator,
  type Trial,
  taylorEstimator,
} from '../../sensitivity/trial-estimators.js';
import { resultKind } from '../../store/result-kind.js';
import type { FloatReference } from '../baseline/evaluations.js';
import { runOnce } from '../open/open-model.js';
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

const PROBE = resultKind<ProbeRow>('probe');

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

/** @param of what is estimated, beside model, samples and estimator. */
async function estimateAll(
  options: MeasureOptions,
  reference: FloatReference,
  estimator: Estimator,
  of: string,
): Promise<Estimates> {
  const { source, settings, executor, results, float, observer, ran, signal } = options;
  const { set, kinds } = reference;
  const padding = paddingOf(float.spec);
  const outputs = Object.entries(kinds).map(([name, kind]) => ({ name, ...kind }));
  const common = { model: source.hash, set: set.hash, outputs, ...padding, estimator: estimator.key, of };
  const key = ({ samples, probe }: Omit<ProbeRow, 'values'>) => ({
    ...common,
    samples,
    probe,
    seed: settings.seed,
    threads: executor.threads,
  });
  const subject = subjectOf(source.model, kinds, options.bench.net.units, differentiatedBy(options));
  return estimate(executor, subject, estimator, set, {
    seed: settings.seed,
    padding,
    memory: settings.memory,
    recall: (row) => results.find(PROBE, key(row)),
    record: (row) => results.keep(PROBE, key(row), row),
    onProgress: (done, total, recalled) =>
      observer?.progress({ stage: 'sensitivity', done, total, recalled, atMost: true }),
    ...(ran && { ran }),
    ...(signal && { signal }),
  });
}

/** Weights, and every activation that some step rounds. */
function differentiatedBy(options: MeasureOptions): readonly string[] {
  const { bench, source, choices } = options;
  const rounded = stepsOf(choices).flatMap(({ unit, format }) => roundedActivations(options, unit, format));
  const names = rounded.map(({ name }) => name);
  return [...new Set([...weightsOf(bench.net.units, source.model), ...names])];
}

/** A model of which each reading of a unit is a value of its own. */
export function subjectOf(
  model: Model,
  kinds: OutputKinds,
  units: readonly Unit[],
  wrt: readonly string[] = [...weightsOf(units, model), ...edgesOf(units).map(({ name }) => name)],
): Subject {
  return { model, kinds, edges: edgesOf(units), wrt, run: runOnce };
}

function paddingOf({ ids, padId }: MeasureOptions['float']['spec']) {
  return { ...(ids !== undefined && { ids }), ...(padId !== undefined && { padId }) };
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

/** Trials depend on ranges and on how weights are rounded. */
function digestOfTrials({ settings, calibrated }: MeasureOptions, trials: readonly Trial[]): string {
  const { reduceRange, blockSize } = settings;
  const ranges = Object.entries(calibrated.statistics.activations).map(([name, { min, max }]) => [name, min, max]);
  return digestOf([trials.map(({ name }) => name), calibrated.activations, ranges, reduceRange, blockSize]);
}

function digestOf(of: unknown): string {
  return createHash('sha256').update(JSON.stringify(of)).digest('hex');
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
