import type { PreparedSet, Sample } from '../data/dataset.js';
import { readPrepared } from '../data/prepared.js';
import type { Block } from '../evaluate/evaluate-job.js';
import type { About } from './reduce.js';
import { joinAll, type Tensors } from './slices.js';

/** Samples of one block that run together. */
export interface Chunk {
  readonly id: number;
  /** Their positions in the block. */
  readonly positions: readonly number[];
  /** Of each sample, what judging its outputs needs: the label, and inputs that may tell padding. */
  readonly about: readonly About[];
}

/** A chunk and the inputs of its samples, joined. */
export interface FilledChunk extends Chunk {
  readonly inputs: Tensors;
}

/** Cuts a block into chunks of at most `most` samples whose inputs agree in dtype and shape. */
export async function* chunksOf(set: PreparedSet, { from, to }: Block, most: number, id: () => number) {
  const open = new Map<string, Sample[]>();
  const positions = new Map<Sample, number>();
  for await (const sample of readPrepared(set, from, to)) {
    positions.set(sample, positions.size);
    const key = signature(sample);
    const group = [...(open.get(key) ?? []), sample];
    open.set(key, group);
    if (group.length < most) continue;
    open.delete(key);
    yield filled(group, positions, id());
  }
  for (const group of open.values()) yield filled(group, positions, id());
}

function signature({ inputs }: Sample): string {
  return JSON.stringify(Object.entries(inputs).map(([name, { dtype, dims }]) => [name, dtype, dims]));
}

function filled(samples: readonly Sample[], positions: ReadonlyMap<Sample, number>, id: number): FilledChunk {
  return {
    id,
    positions: samples.map((sample) => positions.get(sample) ?? 0),
    about: samples.map(({ inputs, label }) => ({
      inputs: Object.fromEntries(Object.entries(inputs).filter(([, { dtype }]) => !dtype.startsWith('float'))),
      ...(label !== undefined && { label }),
    })),
    inputs: joinAll(samples.map(({ inputs }) => inputs)),
  };
}
