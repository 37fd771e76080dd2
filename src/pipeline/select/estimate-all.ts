import { createHash } from 'node:crypto';
import type { OutputKinds } from '../../data/metric.js';
import type { Model } from '../../graph/model.js';
import type { Unit } from '../../quantize/unit.js';
import type { Subject } from '../../sensitivity/derived-programs.js';
import { type Estimates, estimate } from '../../sensitivity/estimate.js';
import type { Estimator } from '../../sensitivity/estimator.js';
import type { Precision } from '../../sensitivity/precision.js';
import type { ProbeRow } from '../../sensitivity/run-probes.js';
import type { Trial } from '../../sensitivity/trial-estimators.js';
import { resultKind } from '../../store/result-kind.js';
import type { FloatReference } from '../baseline/evaluations.js';
import { runOnce } from '../open/open-model.js';
import type { MeasureOptions } from './measure-options.js';
import { edgesOf, roundedActivations, weightsOf } from './perturbed.js';
import { stepsOf } from './rank-units.js';

const PROBE = resultKind<ProbeRow>('probe');

export interface EstimateAllSettings {
  readonly precision?: Precision;
  /** Told of every row, known from before or not. */
  readonly onRow?: (row: ProbeRow) => void;
}

/** @param of what is estimated, beside model, samples and estimator. */
export async function estimateAll(
  options: MeasureOptions,
  reference: FloatReference,
  estimator: Estimator,
  of: string,
  { precision, onRow }: EstimateAllSettings = {},
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
    ...(precision && { precision }),
    recall: async (asked) => {
      const row = await results.find(PROBE, key(asked));
      if (row) onRow?.(row);
      return row;
    },
    record: (row) => {
      onRow?.(row);
      return results.keep(PROBE, key(row), row);
    },
    onProgress: (done, total, recalled) =>
      observer?.progress({ stage: 'sensitivity', done, total, recalled, atMost: true }),
    ...(ran && { ran }),
    ...(signal && { signal }),
  });
}

/** Weights, and every activation that some step rounds. */
export function differentiatedBy(options: MeasureOptions): readonly string[] {
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

/** Trials depend on ranges and on how weights are rounded. */
export function digestOfTrials({ settings, calibrated }: MeasureOptions, trials: readonly Trial[]): string {
  const { reduceRange, blockSize } = settings;
  const ranges = Object.entries(calibrated.statistics.activations).map(([name, { min, max }]) => [name, min, max]);
  return digestOf([trials.map(({ name }) => name), calibrated.activations, ranges, reduceRange, blockSize]);
}

export function digestOf(of: unknown): string {
  return createHash('sha256').update(JSON.stringify(of)).digest('hex');
}
