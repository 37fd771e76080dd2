import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DenseTensor } from '../kernel/tensor.js';
import { explained } from '../kernel/write-errors.js';
import type { StateId } from './program.js';

/** Activations of chunks of samples at the cuts: in memory up to a bound, in files of a folder past it. */
export interface Held {
  put(place: HeldPlace, tensor: DenseTensor): Promise<void>;
  /** The state's own value, or the float model's where it does not change it. */
  get(place: HeldPlace): Promise<DenseTensor>;
  /** Lets go of values in all states, or of all values of a state. */
  releaseValues(values: readonly string[]): Promise<void>;
  releaseStates(states: readonly StateId[]): Promise<void>;
  /** Most bytes held so far, in memory and in files together. */
  readonly peakBytes: number;
  readonly spilledBytes: number;
}

export interface HeldPlace {
  readonly chunk: number;
  readonly state: StateId;
  readonly value: string;
}

type Entry = HeldPlace & { readonly bytes: number; readonly tensor: DenseTensor | Spilled };

interface Spilled extends Omit<DenseTensor, 'bytes'> {
  readonly file: string;
}

export function createHeld(memory: number, folder: string): Held {
  const entries = new Map<string, Entry>();
  const used = { memory: 0, files: 0, peak: 0, spilled: 0, written: 0 };
  const drop = async (gone: (entry: Entry) => boolean) => {
    for (const [key, entry] of entries) {
      if (!gone(entry)) continue;
      entries.delete(key);
      if (isSpilled(entry.tensor)) await rm(entry.tensor.file, { force: true });
      used[isSpilled(entry.tensor) ? 'files' : 'memory'] -= entry.bytes;
    }
  };
  return {
    async put(place, tensor) {
      const bytes = tensor.bytes.length;
      const spills = used.memory + bytes > memory;
      const held = spills ? await spill(tensor, join(folder, `held-${++used.written}`)) : tensor;
      entries.set(keyOf(place), { ...place, bytes, tensor: held });
      used[spills ? 'files' : 'memory'] += bytes;
      used.spilled += spills ? bytes : 0;
      used.peak = Math.max(used.peak, used.memory + used.files);
    },
    async get(place) {
      const entry = entries.get(keyOf(place)) ?? entries.get(keyOf({ ...place, state: 0 }));
      if (!entry) throw new RangeError(`${place.value} is not held`);
      return isSpilled(entry.tensor) ? unspill(entry.tensor) : entry.tensor;
    },
    releaseValues: (values) => drop(({ value }) => values.includes(value)),
    releaseStates: (states) => drop(({ state }) => states.includes(state)),
    get peakBytes() {
      return used.peak;
    },
    get spilledBytes() {
      return used.spilled;
    },
  };
}

function keyOf({ chunk, state, value }: HeldPlace): string {
  return `${chunk} ${state} ${value}`;
}

function isSpilled(tensor: DenseTensor | Spilled): tensor is Spilled {
  return 'file' in tensor;
}

async function spill({ dtype, dims, bytes }: DenseTensor, file: string): Promise<Spilled> {
  await explained(file, () => writeFile(file, bytes));
  return { dtype, dims, file };
}

async function unspill({ dtype, dims, file }: Spilled): Promise<DenseTensor> {
  return { dtype, dims, bytes: await readFile(file) };
}
