import type { Sample } from '../data/dataset.js';
import { BitloomError } from '../kernel/errors.js';
import { type DenseTensor, isDense, type Tensor } from '../kernel/tensor.js';
import { joinTensors } from '../runtime/join.js';
import type { Session } from '../runtime/session.js';

export type Outputs = Readonly<Record<string, DenseTensor>>;

/** Runs samples through a session and returns the outputs of each, in the order of the samples. */
export type BatchRunner = (samples: readonly Sample[]) => Promise<readonly Outputs[]>;

/**
 * Runs up to `batch` samples at once where their inputs agree in dtype and shape: joined along dimension 0, and the
 * outputs cut apart again. A model with a fixed batch dimension, or one whose outputs do not carry the batch, is run
 * one sample at a time. An abort is heeded between runs.
 */
export function batchRunner(
  session: Session,
  batch: number,
  fetch: readonly string[],
  signal?: AbortSignal,
): BatchRunner {
  let most = takesBatches(session) ? batch : 1;
  const runGroup = async (samples: readonly Sample[]): Promise<readonly Outputs[]> => {
    signal?.throwIfAborted();
    if (samples.length === 1) return [dense(await session.run(samples[0].inputs, fetch))];
    const parts = split(dense(await session.run(joined(samples), fetch)), samples.length);
    if (parts) return parts;
    most = 1;
    return (await Promise.all(samples.map((sample) => runGroup([sample])))).flat();
  };
  return async (samples) => {
    const results = new Array<Outputs>(samples.length);
    for (const group of groupsOf(samples, most)) {
      const outputs = await runGroup(group.map((i) => samples[i]));
      for (const [k, i] of group.entries()) results[i] = outputs[k];
    }
    return results;
  };
}

function takesBatches({ inputs }: Session): boolean {
  return inputs.every(({ type }) => type?.kind === 'tensor' && typeof type.shape?.[0] !== 'number');
}

/** Positions of samples that can run together, at most `most` each, in order of the first. */
function groupsOf(samples: readonly Sample[], most: number): readonly (readonly number[])[] {
  const open = new Map<string, number[]>();
  const groups: number[][] = [];
  for (const [i, sample] of samples.entries()) {
    const key = signature(sample) ?? `alone ${i}`;
    const group = open.get(key);
    if (group && group.length < most) {
      group.push(i);
      continue;
    }
    const started = [i];
    open.set(key, started);
    groups.push(started);
  }
  return groups;
}

/** Equal for samples whose inputs can be joined; none where an input has no batch dimension of 1. */
export function signature({ inputs }: Sample): string | undefined {
  const parts = Object.entries(inputs).map(([name, { dtype, dims }]) => `${name} ${dtype} ${dims.join('x')}`);
  return Object.values(inputs).every(({ dims }) => dims[0] === 1) ? parts.join() : undefined;
}

function joined(samples: readonly Sample[]): Outputs {
  return mapTensors(samples[0].inputs, (_, name) => joinTensors(samples.map(({ inputs }) => inputs[name])));
}

/** Undefined where an output does not have one slice a sample. */
function split(outputs: Outputs, count: number): readonly Outputs[] | undefined {
  if (Object.values(outputs).some(({ dims }) => dims[0] !== count)) return undefined;
  return Array.from({ length: count }, (_, i) => mapTensors(outputs, (output) => slice(output, i, count)));
}

function slice({ dtype, dims, bytes }: DenseTensor, i: number, count: number): DenseTensor {
  const size = bytes.length / count;
  return { dtype, dims: [1, ...dims.slice(1)], bytes: bytes.subarray(i * size, (i + 1) * size) };
}

function mapTensors(tensors: Outputs, map: (tensor: DenseTensor, name: string) => DenseTensor): Outputs {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, map(tensor, name)]));
}

function dense(outputs: Readonly<Record<string, Tensor>>): Outputs {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, tensor]) => {
      if (isDense(tensor)) return [name, tensor];
      const message = 'an output of strings cannot be compared';
      throw new BitloomError({ kind: 'model', code: 'string-output', message, place: { tensor: name } });
    }),
  );
}
