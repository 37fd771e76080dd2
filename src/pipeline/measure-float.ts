import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PreparedSet, Splits } from '../data/dataset.js';
import type { Metric, MetricSpec } from '../data/metric.js';
import { createMetric } from '../data/metrics/table.js';
import { makeReference, scoreReference } from '../evaluate/evaluate.js';
import { createJudge, type Judge, requireResolvable } from '../evaluate/floor.js';
import type { Outcomes } from '../evaluate/outcomes.js';
import type { Reference } from '../evaluate/reference.js';
import { BitloomError } from '../kernel/errors.js';
import type { Observer } from '../kernel/observer.js';
import type { QuantizeSettings } from '../options.js';
import type { Executor } from '../runtime/job.js';
import { metricFor } from './metric-for.js';
import { floatFile, type OpenedModel } from './open-model.js';

/** Calibration samples on which sensitivities are measured: each costs a run per unit and format. */
const RANKING_SAMPLES = 64;

/** The float model on the samples: what every candidate is held against. */
export interface FloatBaseline {
  /** The file that was run: see `floatFile`. */
  readonly path: string;
  readonly metric: Metric;
  readonly spec: MetricSpec;
  /** The float model on the calibration samples that rank; run when first asked for. */
  ranking(): Promise<Reference>;
  readonly references: Pick<Splits<Reference>, 'selection' | 'holdout'>;
  readonly outcomes: Pick<Splits<Outcomes>, 'selection' | 'holdout'>;
  readonly judge: Judge;
}

export interface MeasureFloatOptions {
  readonly settings: QuantizeSettings;
  readonly source: OpenedModel;
  readonly sets: Splits<PreparedSet>;
  readonly executor: Executor;
  readonly folder: string;
  readonly observer: Observer;
}

interface FloatRun extends MeasureFloatOptions {
  readonly path: string;
}

/** Runs the float model over the sets once. Refuses a floor that `certify` could never confirm, before any search. */
export async function measureFloat(given: MeasureFloatOptions): Promise<FloatBaseline> {
  const { settings, sets, executor } = given;
  const options: FloatRun = { ...given, path: await floatFile(given.source, given.folder) };
  const selection = await reference(options, 'selection', 0);
  const spec = metricFor({
    asked: settings.metric,
    agreement: settings.keep.kind === 'agreement',
    labelled: sets.selection.labelled && sets.holdout.labelled,
    kinds: selection.kinds,
    model: options.source.model,
    padId: options.source.files.config?.padId,
  });
  const metric = await createMetric(spec, selection.kinds);
  requireLabels(metric, sets);
  const holdout = await reference(options, 'holdout', sets.selection.length);
  const outcomes = {
    selection: await scoreReference(executor, selection, spec),
    holdout: await scoreReference(executor, holdout, spec),
  };
  const judge = createJudge(settings.keep, settings.decide, metric, outcomes.selection);
  if (settings.decide === 'certify') requireResolvable(judge, sets.selection.length);
  return {
    path: options.path,
    metric,
    spec,
    ranking: once(() => rankingReference(options)),
    references: { selection, holdout },
    outcomes,
    judge,
  };
}

/** Runs the float model over one of the two sets that are always needed; `before` samples were run already. */
async function reference(options: FloatRun, name: 'selection' | 'holdout', before: number): Promise<Reference> {
  const { sets, observer } = options;
  const total = sets.selection.length + sets.holdout.length;
  return runFloat(options, name, sets[name], (done) => {
    observer.progress({ stage: 'float', done: before + done, total, note: name });
  });
}

async function rankingReference(options: FloatRun): Promise<Reference> {
  const { calibration } = options.sets;
  return runFloat(options, 'ranking', { ...calibration, length: Math.min(RANKING_SAMPLES, calibration.length) });
}

async function runFloat(
  { path, executor, folder }: FloatRun,
  name: string,
  set: PreparedSet,
  onProgress: (done: number) => void = () => {},
): Promise<Reference> {
  const own = join(folder, `reference-${name}`);
  await mkdir(own);
  return makeReference(executor, path, set, own, { onProgress });
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function requireLabels(metric: Metric, { selection, holdout }: Splits<PreparedSet>): void {
  if (!metric.needsLabels || (selection.labelled && holdout.labelled)) return;
  throw new BitloomError({
    kind: 'data',
    code: 'unlabelled-data-set',
    message: `the metric ${metric.name} needs labels, and the ${selection.labelled ? 'holdout' : 'selection'} samples have none`,
    place: { option: 'data' },
    hint: 'give --labels, or measure without labels: --metric agreement',
  });
}
