import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { DenseTensor } from '../kernel/tensor.js';
import { explained } from '../kernel/write-errors.js';
import { contentHash } from './content-hash.js';
import { alignedOffset, tensorLength } from './external-layout.js';
import { writeFully } from './write-file.js';

/** Bytes of a store that hold one tensor. */
export interface StoredBytes {
  readonly offset: number;
  readonly length: number;
}

/**
 * A file that only grows, in which many models keep their weights: a tensor whose content is there already is not
 * written again. What has been written is never changed, so models that refer to it stay valid.
 */
export interface WeightStore {
  readonly path: string;
  /** Size of the file in bytes. */
  readonly size: number;
  /** Writes the tensors that are new and answers where each lies. */
  put(tensors: Iterable<DenseTensor>): Promise<ReadonlyMap<DenseTensor, StoredBytes>>;
  close(): Promise<void>;
}

/** Opens a store, new or to be continued; contents are recognised only among those put since it was opened. */
export async function openWeightStore(path: string): Promise<WeightStore> {
  const file = await explained(path, () => open(path, constants.O_RDWR | constants.O_CREAT));
  const state: State = { file, size: (await file.stat()).size, byTensor: new WeakMap(), byContent: new Map() };
  let last: Promise<unknown> = Promise.resolve();
  return {
    path: resolve(path),
    get size() {
      return state.size;
    },
    put(tensors) {
      const result = last.then(() => explained(path, () => putAll(state, tensors)));
      last = result.catch(() => undefined);
      return result;
    },
    close: async () => {
      await last;
      await file.close();
    },
  };
}

interface State {
  readonly file: FileHandle;
  size: number;
  /** Spares hashing a tensor that many models share. */
  readonly byTensor: WeakMap<DenseTensor, StoredBytes>;
  readonly byContent: Map<string, StoredBytes>;
}

async function putAll(state: State, tensors: Iterable<DenseTensor>): Promise<ReadonlyMap<DenseTensor, StoredBytes>> {
  const places = new Map<DenseTensor, StoredBytes>();
  for (const tensor of new Set(tensors)) places.set(tensor, state.byTensor.get(tensor) ?? (await put(state, tensor)));
  return places;
}

async function put(state: State, tensor: DenseTensor): Promise<StoredBytes> {
  const key = contentHash(tensor);
  const place = state.byContent.get(key) ?? (await append(state, tensor.bytes, tensorLength(tensor)));
  state.byContent.set(key, place);
  state.byTensor.set(tensor, place);
  return place;
}

async function append(state: State, bytes: Uint8Array, length: number): Promise<StoredBytes> {
  const offset = alignedOffset(state.size, length);
  await writeFully(state.file, bytes, offset);
  state.size = offset + length;
  return { offset, length };
}
