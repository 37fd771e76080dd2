import { join } from 'node:path';
import { decodeModel } from '../../src/graph/from-onnx.js';
import type { Model } from '../../src/graph/model.js';
import type { Feeds, RunModel } from '../../src/graph/observe.js';
import { encodeModel } from '../../src/graph/to-onnx.js';
import { isDense, type Tensor, toNumbers } from '../../src/kernel/tensor.js';
import { ortRuntime } from '../../src/runtime/ort.js';
import type { SessionOptions } from '../../src/runtime/session.js';

/** Real models that lie beside the project on the machines that have them. */
export const SHARED = join(import.meta.dirname, '..', '..', '..', 'shared');

/** One run in ONNX Runtime, on one thread, the graph as it stands: its own optimizer would blur what a pass did. */
export const runModel: RunModel = (model, feeds) => runWith(model, feeds, { optimization: 'disabled' });

export async function runWith(model: Uint8Array | string, feeds: Feeds, options: SessionOptions): Promise<Feeds> {
  const session = await ortRuntime.open(model, { threads: 1, ...options });
  try {
    return await session.run(feeds);
  } finally {
    await session.close();
  }
}

export function runGraph(model: Model, feeds: Feeds): Promise<Feeds> {
  return runModel(encodeModel(model), feeds);
}

/** The model as a user would meet it: encoded and read again. */
export function reread(model: Model): Model {
  return decodeModel(encodeModel(model));
}

/** Largest difference between the outputs of two runs, relative to the largest magnitude there; 0 where all are equal. */
export function difference(before: Feeds, after: Feeds): number {
  return Math.max(0, ...Object.keys(before).map((name) => tensorDifference(before[name], after[name])));
}

function tensorDifference(a: Tensor, b: Tensor | undefined): number {
  if (!b || a.dtype !== b.dtype || a.dims.join() !== b.dims.join()) return Number.POSITIVE_INFINITY;
  if (!isDense(a)) return 0;
  const [x, y] = [toNumbers(a), toNumbers(b)];
  let [largest, apart] = [1e-30, 0];
  for (let i = 0; i < x.length; i++) {
    largest = Math.max(largest, Math.abs(x[i]));
    if (!Object.is(x[i], y[i])) apart = Math.max(apart, Math.abs(x[i] - y[i]));
    if (Number.isNaN(x[i]) !== Number.isNaN(y[i])) return Number.POSITIVE_INFINITY;
  }
  return apart / largest;
}
