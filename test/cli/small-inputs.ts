/** Small models and data sets in files, good and bad: what tests of the command line start from. */
import { zipSync } from 'fflate';
import { buildModel, value } from '../../src/graph/build.js';
import type { GraphEdit } from '../../src/graph/edit.js';
import type { Model, Value } from '../../src/graph/model.js';
import { random } from '../../src/kernel/random.js';
import type { Shape } from '../../src/kernel/shape.js';
import { type DenseTensor, fromNumbers, toNumbers } from '../../src/kernel/tensor.js';
import { addConv, noise } from '../plans.js';

export const CLASSES = 4;
export const IMAGE = [3, 8, 8] as const;

/** `x` [N,3,8,8] to `logits` [N,4]: units `first`, `second` (convolutions) and `head` (a dense layer). */
export function network(weights: { readonly head?: DenseTensor; readonly opset?: number } = {}): Model {
  const head = weights.head ?? noise([512, CLASSES], 5, 0.1);
  return classifier(['N', ...IMAGE], weights.opset ?? 21, (edit) => {
    const first = relu(edit, addConv(edit, { from: 'x', channels: [3, 8], seed: 1, name: 'first' }));
    const second = relu(edit, addConv(edit, { from: first, channels: [8, 8], seed: 3, name: 'second' }));
    const flat = edit.add({ op: 'Flatten', inputs: [second] });
    edit.add({ op: 'Gemm', name: 'head', inputs: [flat, edit.constant('head.weight', head)], outputs: ['logits'] });
  });
}

/** A model with one unit, `head`. */
export function oneUnit(weight: DenseTensor = noise([16, CLASSES], 5)): Model {
  return classifier(['N', 16], 21, (edit) => {
    edit.add({ op: 'MatMul', name: 'head', inputs: ['x', edit.constant('w', weight)], outputs: ['logits'] });
  });
}

export function classifier(dims: Shape, opset: number, build: (edit: GraphEdit) => void): Model {
  const inputs = [value('x', 'float32', dims)];
  return buildModel({ inputs, outputs: [value('logits', 'float32', ['N', CLASSES])], opset }, build);
}

function relu(edit: GraphEdit, from: string): string {
  return edit.add({ op: 'Relu', inputs: [from] });
}

const DESCRIPTIONS = { float32: '<f4', int64: '<i8' } as const;

export interface NumpyArray {
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

/** A `.npy` of format version 1.0: magic, header padded to 64 bytes, data. */
export function npy({ dims, data }: NumpyArray): Uint8Array {
  const descr = DESCRIPTIONS[data instanceof Float32Array ? 'float32' : 'int64'];
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${dims.map((dim) => `${dim},`).join(' ')}), }`;
  const header = Buffer.alloc(Math.ceil((11 + text.length) / 64) * 64, ' ');
  header.write('\x93NUMPY\x01\x00', 0, 'latin1');
  header.writeUInt16LE(header.length - 10, 8);
  header.write(text, 10);
  header.write('\n', header.length - 1);
  return Buffer.concat([header, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]);
}

export function npz(arrays: Readonly<Record<string, NumpyArray>>): Uint8Array {
  const files = Object.entries(arrays).map(([name, array]) => [`${name}.npy`, npy(array)] as const);
  return zipSync(Object.fromEntries(files), { level: 0 });
}

/** `count` samples of normal numbers. */
export function samples(count: number, dims: readonly number[] = IMAGE, seed = 7): NumpyArray {
  const source = random(seed);
  const size = dims.reduce((product, dim) => product * dim, count);
  return { dims: [count, ...dims], data: Float32Array.from({ length: size }, () => source.normal()) };
}

export function labels(of: readonly number[]): NumpyArray {
  return { dims: [of.length], data: BigInt64Array.from(of, BigInt) };
}

/** The same model in float16, inputs and outputs included. */
export function halves(model: Model): Model {
  const { graph } = model;
  const half = (each: Value): Value =>
    each.type?.kind === 'tensor' ? { ...each, type: { ...each.type, dtype: 'float16' } } : each;
  const initializers = [...graph.initializers].map(
    ([name, weight]) => [name, fromNumbers('float16', weight.dims, toNumbers(weight))] as const,
  );
  return {
    ...model,
    graph: {
      ...graph,
      inputs: graph.inputs.map(half),
      outputs: graph.outputs.map(half),
      initializers: new Map(initializers),
      types: new Map(),
    },
  };
}
