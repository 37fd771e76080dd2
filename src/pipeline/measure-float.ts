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
import type { OpenedModel } from './open-model.js';

/** Calibration samples on which sensitivities are measured: each costs a run per unit and format. */
const RANKING_SAMPLES = 64;

/** The float model on the samples: what every candidate is held against. */
export interface FloatBaseline {
  readonly metric: Metric;
  readonly spec: MetricSpec;
  readonly ranking: Reference;
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

/** Runs the float model over the sets once. Refuses a floor that `certify` could never confirm, before any search. */
export async function measureFloat(options: MeasureFloatOptions): Promise<FloatBaseline> {
  const { settings, sets, executor } = options;
  const reference = referenceMaker(options);
  const few = { ...sets.calibration, length: Math.min(RANKING_SAMPLES, sets.calibration.length) };
  const selection = await reference('selection', sets.selection);
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
  const holdout = await reference('holdout', sets.holdout);
  const ranking = await reference('ranking', few);
  const outcomes = {
    selection: await scoreReference(executor, selection, spec),
    holdout: await scoreReference(executor, holdout, spec),
  };
  const judge = createJudge(settings.keep, settings.decide, metric, outcomes.selection);
  if (settings.decide === 'certify') requireResolvable(judge, sets.selection.length);
  return { metric, spec, ranking, references: { selection, holdout }, outcomes, judge };
}

/** Runs the float model over one set after the other; progress is that of all of them. */
function referenceMaker({ source, sets, executor, folder, observer }: MeasureFloatOptions) {
  const total = sets.selection.length + sets.holdout.length + Math.min(RANKING_SAMPLES, sets.calibration.length);
  let before = 0;
  return async (name: string, set: PreparedSet): Promise<Reference> => {
    const own = join(folder, `reference-${name}`);
    await mkdir(own);
    const onProgress = (done: number) => observer.progress({ stage: 'float', done: before + done, total, note: name });
    const made = await makeReference(executor, source.files.model, set, own, { onProgress });
    before += set.length;
    return made;
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
