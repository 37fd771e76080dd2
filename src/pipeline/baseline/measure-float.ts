import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PreparedSet, Splits } from '../../data/dataset.js';
import type { Metric, MetricSpec } from '../../data/metric.js';
import { createMetric } from '../../data/metrics/table.js';
import { createJudge, type Judge, requireResolvable } from '../../evaluate/floor.js';
import type { Outcomes } from '../../evaluate/outcomes.js';
import { BitloomError } from '../../kernel/errors.js';
import type { Observer } from '../../kernel/observer.js';
import { once } from '../../kernel/once.js';
import type { QuantizeSettings } from '../../options.js';
import type { OpenedModel } from '../open/open-model.js';
import type { Evaluations, FloatReference, Runnable } from './evaluations.js';
import { metricFor } from './metric-for.js';

/** Calibration samples on which sensitivities are measured: each costs a run per unit and format. */
const RANKING_SAMPLES = 64;

/** The float model on the samples: what every candidate is held against. */
export interface FloatBaseline {
  readonly model: Runnable;
  readonly metric: Metric;
  readonly spec: MetricSpec;
  /** The float model on the calibration samples that rank; run when first asked for. */
  ranking(): Promise<FloatReference>;
  readonly references: Pick<Splits<FloatReference>, 'selection' | 'holdout'>;
  readonly outcomes: Pick<Splits<Outcomes>, 'selection' | 'holdout'>;
  readonly judge: Judge;
}

export interface MeasureFloatOptions {
  readonly settings: QuantizeSettings;
  readonly source: OpenedModel;
  /** The float model as it is run. */
  readonly model: Runnable;
  readonly sets: Splits<PreparedSet>;
  readonly evaluations: Evaluations;
  readonly folder: string;
  readonly observer: Observer;
}

/** Runs the float model over the sets once. Refuses a floor that `certify` could never confirm, before any search. */
export async function measureFloat(options: MeasureFloatOptions): Promise<FloatBaseline> {
  const { settings, source, model, sets, evaluations } = options;
  const selection = await reference(options, 'selection', 0);
  const spec = metricFor({
    asked: settings.metric,
    agreement: settings.keep.kind === 'agreement',
    labelled: sets.selection.labelled && sets.holdout.labelled,
    kinds: selection.kinds,
    model: source.model,
    padId: source.files.config?.padId,
  });
  const metric = await createMetric(spec, selection.kinds);
  requireLabels(metric, sets);
  const holdout = await reference(options, 'holdout', sets.selection.length);
  const outcomes = {
    selection: await evaluations.float(selection, spec),
    holdout: await evaluations.float(holdout, spec),
  };
  const judge = createJudge(settings.keep, settings.decide, metric, outcomes.selection);
  if (settings.decide === 'certify') requireResolvable(judge, sets.selection.length);
  return {
    model,
    metric,
    spec,
    ranking: once(() => rankingReference(options, sets.calibration)),
    references: { selection, holdout },
    outcomes,
    judge,
  };
}

/** Runs the float model over one of the two sets that are always needed; `before` samples were run already. */
async function reference(
  options: MeasureFloatOptions,
  name: 'selection' | 'holdout',
  before: number,
): Promise<FloatReference> {
  const { sets, observer } = options;
  const total = sets.selection.length + sets.holdout.length;
  return runFloat(options, name, sets[name], (done) => {
    observer.progress({ stage: 'float', done: before + done, total, note: name });
  });
}

/** Runs the float model over the first of the calibration samples, on which sensitivities are measured. */
export function rankingReference(
  options: Pick<MeasureFloatOptions, 'model' | 'evaluations' | 'folder'>,
  calibration: PreparedSet,
): Promise<FloatReference> {
  return runFloat(options, 'ranking', { ...calibration, length: Math.min(RANKING_SAMPLES, calibration.length) });
}

async function runFloat(
  { model, evaluations, folder }: Pick<MeasureFloatOptions, 'model' | 'evaluations' | 'folder'>,
  name: string,
  set: PreparedSet,
  onProgress: (done: number) => void = () => {},
): Promise<FloatReference> {
  const own = join(folder, `reference-${name}`);
  await mkdir(own);
  return evaluations.reference(model, set, own, { onProgress });
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
