import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import type { PreparedSet } from '../data/dataset.js';
import type { Model } from '../graph/model.js';
import { saveModel } from '../graph/to-onnx.js';
import { sum } from '../kernel/statistics.js';
import type { Executor, Job } from '../runtime/job.js';
import type { ObserveInput, Taps } from './observe-job.js';
import { mergeStatistics, type Statistics } from './statistics.js';
import { tapElements, tapRanges } from './taps.js';

/** Named by its URL: importing it would load ONNX Runtime in this process. */
const observeJob: Job<ObserveInput, Statistics, number> = {
  module: new URL(`./observe-job${extname(import.meta.url)}`, import.meta.url).href,
};

/** `range`: smallest and largest elements; `histogram`: these and how often each value occurred. */
export type Detail = 'range' | 'histogram';

export interface ObserveOptions {
  readonly model: Model;
  /** Names of float32 activations (inputs of the model and outputs of its nodes), in any order. */
  readonly values: readonly string[];
  readonly data: PreparedSet;
  readonly detail: Detail;
  readonly executor: Executor;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Statistics of all elements of each value over all samples, in one pass, whatever their number. Memory depends on the
 * model only. The result does not depend on how samples were shared among the executor's workers.
 */
export async function observe(options: ObserveOptions): Promise<Statistics> {
  const { data, values } = options;
  if (values.length === 0) return { samples: data.length, activations: {} };
  const folder = await mkdtemp(join(tmpdir(), 'bitloom-calibrate-'));
  try {
    const path = join(folder, 'tapped.onnx');
    const { model, what } = tapped(options);
    await saveModel(model, path);
    return await runShards(options, path, what);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function tapped({ model, values, detail }: ObserveOptions): { readonly model: Model; readonly what: Taps } {
  if (detail === 'range') {
    const { model: result, taps } = tapRanges(model, values);
    return { model: result, what: { detail, taps } };
  }
  const { model: result, taps } = tapElements(model, values);
  return { model: result, what: { detail, taps } };
}

async function runShards({ data, executor, onProgress, signal }: ObserveOptions, model: string, what: Taps) {
  const stop = new AbortController();
  const abort = AbortSignal.any(signal ? [signal, stop.signal] : [stop.signal]);
  const done = new Map<number, number>();
  const shards = shardsOf(data.length, executor.workers).map(([from, to]) => {
    const input: ObserveInput = { model, what, data, from, to, threads: executor.threads };
    const onEvent = (count: number) => {
      done.set(from, count);
      onProgress?.(sum([...done.values()]), data.length);
    };
    return executor.run(observeJob, input, { what: `samples ${from} to ${to}`, signal: abort, onEvent });
  });
  try {
    return mergeStatistics(await Promise.all(shards));
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(shards);
    throw error;
  }
}

/** Neighbouring samples in parts of nearly equal size, none empty. */
function shardsOf(length: number, workers: number): readonly (readonly [from: number, to: number])[] {
  const parts = Math.max(1, Math.min(workers, length));
  return Array.from({ length: parts }, (_, i) => [
    Math.floor((i * length) / parts),
    Math.floor(((i + 1) * length) / parts),
  ]);
}
