import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PreparedSet } from '../data/dataset.js';
import type { MetricSpec } from '../data/metric.js';
import type { Executor } from '../runtime/job.js';
import { jobBeside } from '../runtime/job.js';
import { assembler, type Decided } from './assemble.js';
import type { Block, BlockRows, EvaluateInput } from './evaluate-job.js';
import type { Outcomes } from './outcomes.js';
import { kindsOf, mergeProfiles, type OutputRoles } from './output-kinds.js';
import type { Reference } from './reference.js';
import type { ReferenceEvent, ReferenceInput, ReferenceOutput } from './reference-job.js';

const REFERENCE_JOB = jobBeside<ReferenceInput, ReferenceOutput, ReferenceEvent>('./reference-job', import.meta.url);
const EVALUATE_JOB = jobBeside<EvaluateInput, void, BlockRows>('./evaluate-job', import.meta.url);

/** Inputs and outputs of one block stay below this in a worker. */
const BLOCK_BYTES = 32 * 2 ** 20;
/** A block is the grain of early stops: not more samples than this. */
const BLOCK_SAMPLES = 32;
const DEFAULT_BATCH = 8;

export interface RunSettings {
  /** Samples that run at once where their shapes allow it; 8 when left out. `w8a8-dynamic` depends on it: 1 there. */
  readonly batch?: number;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface EvaluateSettings extends RunSettings {
  /** Samples to run: the whole set when left out. */
  readonly range?: Block;
  /** Asked after each block in the set's order; once true, the rest of the set is not run. */
  readonly decided?: Decided;
}

export interface Baseline {
  readonly reference: Reference;
  readonly outcomes: Outcomes;
}

/**
 * Runs the float model over a set once: its outputs go to files in `folder`, against which every later model is held.
 * Throws when an output is NaN or Inf.
 */
export async function makeReference(
  executor: Executor,
  model: string,
  set: PreparedSet,
  folder: string,
  settings: RunSettings & { readonly roles?: OutputRoles } = {},
): Promise<Reference> {
  const { onProgress, signal, roles, batch = DEFAULT_BATCH } = settings;
  const progress = totals(set.length, onProgress);
  const made = await together(signal, (stop) =>
    shares(set.length, executor.workers).map(({ from, to }) => {
      const file = join(folder, `reference-${from}`);
      const input = { model, set, from, to, file, batch, threads: executor.threads, ...(roles && { roles }) };
      return executor.run(REFERENCE_JOB, input, { signal: stop, onEvent: (done) => progress(from, done) });
    }),
  );
  const profiles = made.map((part) => part.profiles).reduce(mergeProfiles);
  const parts = made.map(({ part }) => part);
  return { model, set, parts, roles: made[0].roles, kinds: kindsOf(made[0].roles, profiles) };
}

/** The float model's own rows; nothing is run, its outputs are read back. */
export function scoreReference(executor: Executor, reference: Reference, metric: MetricSpec): Promise<Outcomes> {
  return run(executor, reference, metric, undefined, {});
}

/** Runs a model over the reference's set, both cores at work, and scores each sample in the worker. */
export function evaluateModel(
  executor: Executor,
  reference: Reference,
  metric: MetricSpec,
  model: string,
  settings: EvaluateSettings = {},
): Promise<Outcomes> {
  return run(executor, reference, metric, model, settings);
}

async function run(
  executor: Executor,
  reference: Reference,
  metric: MetricSpec,
  model: string | undefined,
  settings: EvaluateSettings,
): Promise<Outcomes> {
  const started = performance.now();
  const range = settings.range ?? { from: 0, to: reference.set.length };
  const blocks = cut(range, await blockSize(reference));
  const enough = new AbortController();
  const assembly = assembler(blocks, settings, () => enough.abort());
  const signal = AbortSignal.any([enough.signal, ...(settings.signal ? [settings.signal] : [])]);
  const common = { reference, metric, threads: executor.threads, batch: settings.batch ?? DEFAULT_BATCH };
  const jobs = together(signal, (stop) =>
    deal(blocks, executor.workers).map((dealt) => {
      const input = { ...common, blocks: dealt, ...(model !== undefined && { model }) };
      return executor.run(EVALUATE_JOB, input, { signal: stop, onEvent: assembly.add });
    }),
  );
  await jobs.catch((error: unknown) => {
    if (!enough.signal.aborted) throw error;
  });
  const seconds = (performance.now() - started) / 1000;
  return { metric: metric.name, samples: range.to - range.from, seconds, ...assembly.result() };
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

/** Runs several jobs; the first that fails stops the others, and is the one reported. */
async function together<T>(
  signal: AbortSignal | undefined,
  start: (signal: AbortSignal) => readonly Promise<T>[],
): Promise<readonly T[]> {
  const failed = new AbortController();
  const jobs = start(AbortSignal.any([failed.signal, ...(signal ? [signal] : [])]));
  try {
    return await Promise.all(jobs);
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(jobs);
    throw error;
  }
}

/** `length` samples in up to `count` contiguous parts. */
function shares(length: number, count: number): readonly Block[] {
  const size = Math.ceil(length / count);
  return cut({ from: 0, to: length }, size);
}

function cut({ from, to }: Block, size: number): readonly Block[] {
  const count = Math.ceil((to - from) / size);
  return Array.from({ length: count }, (_, i) => ({ from: from + i * size, to: Math.min(to, from + (i + 1) * size) }));
}

/** Block after block to the workers in turn, so that the finished front of the set grows evenly. */
function deal(blocks: readonly Block[], workers: number): readonly (readonly Block[])[] {
  const hands = Array.from({ length: Math.min(workers, blocks.length) }, (): Block[] => []);
  for (const [i, block] of blocks.entries()) hands[i % hands.length].push(block);
  return hands;
}

async function blockSize({ set, parts }: Reference): Promise<number> {
  const files = await Promise.all([set, ...parts.map(({ outputs }) => outputs)].map(({ file }) => stat(file)));
  // The reference's outputs and the candidate's are held at the same time.
  const bytes = files.reduce((total, { size }, i) => total + (i === 0 ? size : 2 * size), 0) / set.length;
  return Math.max(1, Math.min(BLOCK_SAMPLES, Math.floor(BLOCK_BYTES / bytes)));
}

/** Adds up what the parts have done. */
function totals(total: number, onProgress: RunSettings['onProgress']): (part: number, done: number) => void {
  const done = new Map<number, number>();
  return (part, count) => {
    done.set(part, count);
    onProgress?.(
      [...done.values()].reduce((sum, item) => sum + item, 0),
      total,
    );
  };
}
