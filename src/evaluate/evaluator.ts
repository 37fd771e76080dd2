import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PreparedSet } from '../data/dataset.js';
import type { MetricSpec } from '../data/metric.js';
import type { Executor } from '../runtime/job.js';
import { type EvaluateSettings, evaluateModel, makeReference, type RunSettings, scoreReference } from './evaluate.js';
import type { Outcomes } from './outcomes.js';
import type { OutputRoles } from './output-kinds.js';
import type { Reference } from './reference.js';

export interface Baseline {
  readonly reference: Reference;
  readonly outcomes: Outcomes;
}

export interface EvaluatorOptions {
  readonly executor: Executor;
  readonly set: PreparedSet;
  readonly metric: MetricSpec;
  readonly roles?: OutputRoles;
  readonly batch?: number;
}

/** A set and a metric, against which many models are run. */
export interface Evaluator {
  /** Runs the float model; the first call, before any `evaluate`. */
  baseline(model: string, settings?: RunSettings): Promise<Baseline>;
  evaluate(model: string, settings?: EvaluateSettings): Promise<Outcomes>;
  /** Removes the reference files; the executor is the caller's. */
  close(): Promise<void>;
}

export async function createEvaluator(options: EvaluatorOptions): Promise<Evaluator> {
  const { executor, set, metric, roles, batch } = options;
  const folder = await mkdtemp(join(tmpdir(), 'bitloom-reference-'));
  const own = { ...(roles && { roles }), ...(batch !== undefined && { batch }) };
  let reference: Reference | undefined;
  return {
    async baseline(model, settings = {}) {
      reference = await makeReference(executor, model, set, folder, { ...own, ...settings });
      return { reference, outcomes: await scoreReference(executor, reference, metric) };
    },
    async evaluate(model, settings = {}) {
      if (!reference) throw new Error('the baseline comes first: there is nothing to hold the model against');
      return evaluateModel(executor, reference, metric, model, { ...own, ...settings });
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
