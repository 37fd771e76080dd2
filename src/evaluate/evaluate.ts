import { join } from 'node:path';
import type { PreparedSet } from '../data/dataset.js';
import type { MetricSpec } from '../data/metric.js';
import { type Executor, jobBeside } from '../runtime/job.js';
import type { Decided } from './assemble.js';
import type { Block } from './evaluate-job.js';
import type { Outcomes } from './outcomes.js';
import { kindsOf, mergeProfiles, type OutputRoles } from './output-kinds.js';
import { DEFAULT_BATCH, type Reference } from './reference.js';
import type { ReferenceEvent, ReferenceInput, ReferenceOutput } from './reference-job.js';
import { type BlockMemory, runBlocks } from './run-blocks.js';
import { cut, together } from './together.js';

const REFERENCE_JOB = jobBeside<ReferenceInput, ReferenceOutput, ReferenceEvent>('./reference-job', import.meta.url);

/** Inputs and outputs of one block stay below this in a worker. */
const BLOCK_BYTES = 32 * 2 ** 20;
/** A block is the grain of early stops, and of what is kept: not more samples than this. */
const BLOCK_SAMPLES = 32;

export interface RunSettings {
  /** Samples that run at once where their shapes allow it; 8 when left out. `w8a8-dynamic` depends on it: 1 there. */
  readonly batch?: number;
  /** What runs, in the words of an error about a process that was lost; the model's file when left out. */
  readonly what?: string;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface ReferenceSettings extends RunSettings {
  /** By `defaultRoles` when left out. */
  readonly roles?: OutputRoles;
}

export interface EvaluateSettings extends RunSettings, BlockMemory {
  /** Samples to run: the whole set when left out. */
  readonly range?: Block;
  /** Asked after each block in the set's order; once true, the rest of the set is not run. */
  readonly decided?: Decided;
}

export type ScoreSettings = BlockMemory & Pick<RunSettings, 'onProgress' | 'signal'>;

/**
 * Runs the float model over a set once: its outputs go to files in `folder`, against which every later model is held.
 * What the outputs are does not depend on the number of workers; how many files hold them does.
 * Throws when an output is NaN or Inf.
 */
export async function makeReference(
  executor: Executor,
  model: string,
  set: PreparedSet,
  folder: string,
  settings: ReferenceSettings = {},
): Promise<Reference> {
  const { onProgress, signal, roles, batch = DEFAULT_BATCH, what = model } = settings;
  const progress = totals(set.length, onProgress);
  const made = await together(signal, (stop) =>
    cut({ from: 0, to: set.length }, shareOf(set.length, executor.workers, batch)).map(({ from, to }) => {
      const file = join(folder, `reference-${from}`);
      const input = { model, set, from, to, file, batch, threads: executor.threads, ...(roles && { roles }) };
      return executor.run(REFERENCE_JOB, input, { what, signal: stop, onEvent: (done) => progress(from, done) });
    }),
  );
  return { model, set, batch, blockSamples: blockSamples(made, set.length), ...described(made) };
}

/** The float model's own rows; nothing is run, its outputs are read back. */
export function scoreReference(
  executor: Executor,
  reference: Reference,
  metric: MetricSpec,
  settings: ScoreSettings = {},
): Promise<Outcomes> {
  return runBlocks(executor, { reference, metric }, complete(reference, settings));
}

/**
 * Runs a model over the reference's set, all workers at work, and scores each sample in the worker. `model` is a file,
 * or answers one: it is asked only when some block is not known and must run.
 */
export function evaluateModel(
  executor: Executor,
  reference: Reference,
  metric: MetricSpec,
  model: string | (() => Promise<string>),
  settings: EvaluateSettings = {},
): Promise<Outcomes> {
  const file = typeof model === 'string' ? async () => model : model;
  return runBlocks(executor, { reference, metric, model: file }, complete(reference, settings));
}

function complete({ set }: Reference, settings: EvaluateSettings) {
  return { range: { from: 0, to: set.length }, batch: DEFAULT_BATCH, ...settings };
}

function described(made: readonly ReferenceOutput[]): Pick<Reference, 'parts' | 'roles' | 'kinds'> {
  const { roles } = made[0];
  const profiles = made.flatMap((part) => part.profiles).reduce(mergeProfiles);
  return { parts: made.map(({ part }) => part), roles, kinds: kindsOf(roles, profiles) };
}

/** Samples for each worker: whole batches, so that the same samples run together whatever the number of workers. */
function shareOf(length: number, workers: number, batch: number): number {
  return Math.ceil(length / workers / batch) * batch;
}

/** The reference's outputs and the candidate's are held at the same time. A power of two keeps nearly equal sets equal. */
function blockSamples(made: readonly ReferenceOutput[], samples: number): number {
  const bytes = made.reduce((sum, { inputBytes, outputBytes }) => sum + inputBytes + 2 * outputBytes, 0) / samples;
  const most = Math.max(1, Math.min(BLOCK_SAMPLES, BLOCK_BYTES / bytes));
  return 2 ** Math.floor(Math.log2(most));
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
