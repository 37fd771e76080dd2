import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PreparedSet } from '../data/dataset.js';
import { readPrepared } from '../data/prepared.js';
import { loadModel } from '../graph/from-onnx.js';
import type { Model } from '../graph/model.js';
import { saveModel } from '../graph/to-onnx.js';
import { isDense, type Tensor, toFloat32 } from '../kernel/tensor.js';
import type { JobHandler } from '../runtime/job.js';
import { ortRuntime } from '../runtime/ort.js';
import type { Session } from '../runtime/session.js';
import { type Tap, tapModels } from './taps.js';

export interface CompareInput {
  readonly float: string;
  readonly other: string;
  readonly set: PreparedSet;
  readonly threads: number;
}

/** Sums over all samples and elements of one value. */
export interface TapSums extends Tap {
  readonly signal: number;
  readonly error: number;
  readonly otherPower: number;
  readonly product: number;
}

/** Runs two models side by side, one sample at a time, and sums how far each value they share is apart. */
const compare: JobHandler<CompareInput, readonly TapSums[], number> = async (input, { emit, signal }) => {
  const tapped = tapModels(await loadModel(input.float), await loadModel(input.other));
  const folder = await mkdtemp(join(tmpdir(), 'bitloom-compare-'));
  try {
    const float = await openTapped(tapped.float, join(folder, 'float.onnx'), input.threads);
    const other = await openTapped(tapped.other, join(folder, 'other.onnx'), input.threads);
    const sums = new Map<Tap, Sums>();
    let done = 0;
    for await (const { inputs } of readPrepared(input.set)) {
      signal.throwIfAborted();
      const [wanted, got] = [await float.run(inputs), await other.run(inputs)];
      for (const tap of tapped.taps) addTap(sums, tap, wanted[tap.value], got[tap.other]);
      emit(++done);
    }
    await Promise.all([float.close(), other.close()]);
    return [...sums].map(([tap, total]) => ({ ...tap, ...total }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** Through a file: a model over 2 GiB has no bytes to open it from. */
async function openTapped(model: Model, file: string, threads: number): Promise<Session> {
  await saveModel(model, file);
  return ortRuntime.open(file, { threads });
}

interface Sums {
  signal: number;
  error: number;
  otherPower: number;
  product: number;
}

/** Values that are no floats, or differ in shape, are not compared. */
function addTap(sums: Map<Tap, Sums>, tap: Tap, wanted: Tensor, got: Tensor): void {
  if (wanted.dtype !== 'float32' || !isDense(got) || got.dtype !== 'float32') return;
  if (wanted.dims.join() !== got.dims.join()) return;
  const total = sums.get(tap) ?? { signal: 0, error: 0, otherPower: 0, product: 0 };
  addPowers(total, toFloat32(wanted), toFloat32(got));
  sums.set(tap, total);
}

function addPowers(total: Sums, wanted: Float32Array, got: Float32Array): void {
  for (let i = 0; i < wanted.length; i++) {
    total.signal += wanted[i] * wanted[i];
    total.error += (got[i] - wanted[i]) ** 2;
    total.otherPower += got[i] * got[i];
    total.product += wanted[i] * got[i];
  }
}

export default compare;
