import { createHash } from 'node:crypto';
import type { Edge } from '../../autodiff/edges.js';
import type { Loss } from '../../autodiff/losses.js';
import { piecesOf, totalCount } from '../../calibrate/pieces.js';
import type { OutputKinds } from '../../data/metric.js';
import { readSample } from '../../data/prepared.js';
import type { Model } from '../../graph/model.js';
import type { Observer } from '../../kernel/observer.js';
import { once } from '../../kernel/once.js';
import { type DenseTensor, elementCount, toFloat32 } from '../../kernel/tensor.js';
import type { Format } from '../../quantize/formats.js';
import type { Unit } from '../../quantize/unit.js';
import type { Subject } from '../../sensitivity/derived-programs.js';
import { type Estimates, estimate } from '../../sensitivity/estimate.js';
import type { Estimator } from '../../sensitivity/estimator.js';
import { traceOf } from '../../sensitivity/estimators.js';
import { lossOf } from '../../sensitivity/loss-of-outputs.js';
import type { MeanEstimate } from '../../sensitivity/means.js';
import { activationPerturbation, type Perturbation, weightPerturbation } from '../../sensitivity/perturbations.js';
import type { Estimate, Measures, UnitTrace } from '../../sensitivity/rankers.js';
import type { LabelSource } from '../../sensitivity/residuals.js';
import { activationMeanSquare, gridOf, meanSquaredError, roundedWeight } from '../../sensitivity/rounding.js';
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
import { weightOptions } from '../trials/workbench.js';
import type { MeasureOptions } from './measure-options.js';
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
    traces: async (unit) => unitTraces(options, unit, await traces()),
    fisherChange: ofTrials(async (loss, trials) => fisherEstimator(loss, trials)),
    firstOrderChange: ofTrials(async (loss, trials, reference) =>
      taylorEstimator(loss, trials, await labelSource(options, reference)),
    ),
    secondOrderChange: ofTrials(async (loss, trials) => curvatureEstimator(loss, trials)),
  };
}

type TrialEstimator = (loss: Loss, trials: readonly Trial[], reference: FloatReference) => Promise<Estimator>;

async function estimateTraces(options: MeasureOptions): Promise<Estimates> {
  const { units } = options.bench.net;
  const reference = await options.float.ranking();
  const { wrt } = subjectOf(options.source.model, reference.kinds, units);
  const estimates = await estimateAll(options, reference, traceEstimator(lossOf(reference.kinds), wrt), {});
  tell(options.observer, estimates, units);
  return estimates;
}

async function estimateTrials(options: MeasureOptions, by: TrialEstimator): Promise<Estimates> {
  const reference = await options.float.ranking();
  const trials = stepsOf(options.choices).map(({ unit, format }) => trialOf(options, unit, format));
  const estimator = await by(lossOf(reference.kinds), trials, reference);
  return estimateAll(options, reference, estimator, { trials: digestOfTrials(options, trials) });
}

async function estimateAll(
  options: MeasureOptions,
  reference: FloatReference,
  estimator: Estimator,
  of: { readonly trials?: string },
): Promise<Estimates> {
  const { source, bench, settings, executor, results, float, observer, ran, signal } = options;
  const { set, kinds } = reference;
  const padding = paddingOf(float.spec);
  const outputs = Object.entries(kinds).map(([name, kind]) => ({ name, ...kind }));
  const common = { model: source.hash, set: set.hash, outputs, ...padding, estimator: estimator.key, ...of };
  const key = ({ samples, probe }: Omit<ProbeRow, 'values'>) => ({
    ...common,
    samples,
    probe,
    seed: settings.seed,
    threads: executor.threads,
  });
  return estimate(executor, subjectOf(source.model, kinds, bench.net.units), estimator, set, {
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

/** What is asked of a model: by the weights of its units, and by what each of them reads. */
export function subjectOf(model: Model, kinds: OutputKinds, units: readonly Unit[]): Subject {
  const edges = edgesOf(units);
  return { model, kinds, edges, wrt: [...weightsOf(units), ...edges.map(({ name }) => name)], run: runOnce };
}

function paddingOf({ ids, padId }: MeasureOptions['float']['spec']) {
  return { ...(ids !== undefined && { ids }), ...(padId !== undefined && { padId }) };
}

/** What each unit reads: a format changes this edge, and not what others read of the same value. */
function edgesOf(units: readonly Unit[]): readonly Edge[] {
  return units.flatMap(({ name, inputs }) => [...new Set(inputs)].map((value) => edge(name, value)));
}

function edge(node: string, value: string): Edge {
  return { name: `${node} reads ${value}`, node, value };
}

function weightsOf(units: readonly Unit[]): readonly string[] {
  return [...new Set(units.flatMap(({ weight }) => (weight === undefined ? [] : [weight])))];
}

/** Units that must share a format are moved together: their weight once, and what each of them reads. */
function groupOf({ bench }: MeasureOptions, { group }: Unit): readonly Unit[] {
  return bench.net.units.filter((unit) => unit.group === group);
}

function unitTraces(options: MeasureOptions, unit: Unit, { means }: Estimates): readonly UnitTrace[] {
  const units = groupOf(options, unit);
  const weight = weightTrace(options, unit, means);
  return [...(weight ? [weight] : []), ...edgesOf(units).map((edge) => edgeTrace(options, edge, means))];
}

type Means = Estimates['means'];

function weightTrace(options: MeasureOptions, unit: Unit, means: Means): UnitTrace | undefined {
  const weight = weightOf(options.source.model, unit);
  if (!weight || unit.weight === undefined) return undefined;
  const values = toFloat32(weight);
  return {
    of: 'weight',
    elements: elementCount(weight),
    ...estimateOf(means.get(traceOf(unit.weight))),
    meanSquaredError: (format) => meanSquaredError(values, rounded(options, unit, weight, format)),
  };
}

function edgeTrace({ calibrated }: MeasureOptions, { name, value }: Edge, means: Means): UnitTrace {
  const { samples, activations } = calibrated.statistics;
  const seen = activations[value];
  return {
    of: 'activation',
    elements: seen ? totalCount(piecesOf(seen)) / samples : 0,
    ...estimateOf(means.get(traceOf(name))),
    meanSquaredError: (format) => (seen ? activationMeanSquare(seen, calibrated.activations[value], format) : 0),
  };
}

/** What a format changes of a unit, and of those that share its format. */
function trialOf(options: MeasureOptions, unit: Unit, format: Format): Trial {
  const weight = weightOf(options.source.model, unit);
  const values = weight && toFloat32(weight);
  const moved = weight && values && weightPerturbation(values, rounded(options, unit, weight, format));
  const own = unit.weight !== undefined && moved ? [{ of: unit.weight, by: moved }] : [];
  const read = edgesOf(groupOf(options, unit)).flatMap(({ name, value }) => {
    const by = readingOf(options, value, format);
    return by ? [{ of: name, by }] : [];
  });
  return { name: trialName(unit, format), moves: [...own, ...read] };
}

function readingOf({ calibrated }: MeasureOptions, value: string, format: Format): Perturbation | undefined {
  const seen = calibrated.statistics.activations[value];
  const grid = seen && gridOf(seen, calibrated.activations[value], format);
  return grid && activationPerturbation(grid.range, grid.bits);
}

function trialName({ name }: Unit, format: Format): string {
  return `${name} in ${format}`;
}

function digestOfTrials({ settings, calibrated }: MeasureOptions, trials: readonly Trial[]): string {
  const { reduceRange, blockSize } = settings;
  const ranges = Object.entries(calibrated.statistics.activations).map(([name, { min, max }]) => [name, min, max]);
  const of = [trials.map(({ name }) => name), calibrated.activations, ranges, reduceRange, blockSize];
  return createHash('sha256').update(JSON.stringify(of)).digest('hex');
}

function rounded({ settings }: MeasureOptions, unit: Unit, weight: DenseTensor, format: Format): Float32Array {
  return roundedWeight(unit, weight, format, weightOptions(settings));
}

/** The data's labels where they are classes of what the one output scores; else labels are drawn. */
async function labelSource({ source }: MeasureOptions, { set, kinds }: FloatReference): Promise<LabelSource> {
  const [output, another] = Object.keys(kinds);
  if (!set.labelled || another !== undefined || isRegression(kinds, output)) return 'drawn';
  const { label } = await readSample(set, 0);
  const type = source.model.graph.outputs.find(({ name }) => name === output)?.type;
  const rank = type?.kind === 'tensor' ? type.shape?.length : undefined;
  return rank === (typeof label === 'number' ? 2 : 3) ? 'data' : 'drawn';
}

function isRegression(kinds: OutputKinds, output: string): boolean {
  return kinds[output].kind === 'regression';
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
  units: readonly Unit[],
) {
  const percent = (100 * worst).toFixed(1);
  const text = `traces on ${samples} samples by ${probes} probes: standard error at most ${percent} % (${reason})`;
  observer?.trace(text);
  const still = units.filter(({ name, weight, inputs }) =>
    [...(weight === undefined ? [] : [weight]), ...inputs.map((value) => edge(name, value).name)].every(
      (of) => means.get(traceOf(of))?.mean === 0,
    ),
  );
  if (still.length === 0) return;
  observer?.note(`the outputs do not depend on ${still.map(({ name }) => name).join(', ')}: sensitivity 0`);
}
