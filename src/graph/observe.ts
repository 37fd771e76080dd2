import type { Dim, Shape } from '../kernel/shape.js';
import { fromNumbers, isDense, type Tensor } from '../kernel/tensor.js';
import { requiredInputs } from './constants.js';
import { product } from './dims.js';
import type { Model, Value } from './model.js';
import { encodeModel } from './to-onnx.js';
import { inferTypes, openValues, type TypedValue, type TypeTable } from './types.js';

export type Feeds = Readonly<Record<string, Tensor>>;

/** Runs a model, given as bytes or as a path, once on `feeds`: all its outputs by name. */
export type RunModel = (model: Uint8Array | string, feeds: Feeds) => Promise<Feeds>;

/**
 * Type and shape of every value: by the shape rules where they carry, else as seen in runs. At least two runs with
 * different sizes of every dynamic dimension tell what stays and what varies.
 */
export async function typesOfValues(
  model: Model,
  run: RunModel,
  feeds: readonly Feeds[] = [probeFeeds(model, 0), probeFeeds(model, 1)],
): Promise<TypeTable> {
  const inferred = inferTypes(model);
  const open = openValues(model, inferred);
  const asked = [...open.keys()].filter((name) => !isSequence(model, name));
  if (asked.length === 0) return inferred;
  const bytes = encodeModel(withOutputs(model, asked));
  const runs: { readonly fed: Feeds; readonly got: Feeds }[] = [];
  for (const fed of feeds) runs.push({ fed, got: await run(bytes, fed) });
  const names = dimensionSizes(
    model,
    runs.map(({ fed }) => fed),
  );
  const rows = new Map(inferred);
  for (const name of asked) {
    const tensors = runs.flatMap(({ got }) => (got[name] ? [got[name]] : []));
    const row = observed(tensors, names, open.get(name) ?? '');
    if (row && tensors.length === feeds.length) rows.set(name, row);
  }
  return rows;
}

/**
 * Made-up inputs of a model: small numbers, token 1 for integers. Dimensions that the model leaves open are 2, then 3
 * along the first axis (the batch), 8 then 12 along the second (the sequence), 64 then 96 along others (an image).
 */
export function probeFeeds(model: Model, variant: 0 | 1): Feeds {
  return Object.fromEntries(requiredInputs(model.graph).map((input) => [input.name, probe(input, variant)]));
}

const OPEN_SIZES: readonly (readonly [number, number])[] = [
  [2, 3],
  [8, 12],
  [64, 96],
];

function probe(input: Value, variant: 0 | 1): Tensor {
  const type = input.type?.kind === 'tensor' ? input.type : { dtype: 'float32' as const, shape: [] };
  const dims = (type.shape ?? []).map((dim, axis) =>
    typeof dim === 'number' && dim >= 0 ? dim : OPEN_SIZES[Math.min(axis, 2)][variant],
  );
  const count = dims.reduce((size, dim) => size * dim, 1);
  if (type.dtype === 'string') return { dtype: 'string', dims, strings: new Array(count).fill(new Uint8Array()) };
  const whole = !type.dtype.includes('float');
  return fromNumbers(
    type.dtype,
    dims,
    Float64Array.from({ length: count }, (_, i) => (whole ? 1 : ((i * 37) % 17) / 17)),
  );
}

function withOutputs(model: Model, names: readonly string[]): Model {
  const present = new Set(model.graph.outputs.map((output) => output.name));
  const added = names.filter((name) => !present.has(name)).map((name) => ({ name }));
  return { ...model, graph: { ...model.graph, outputs: [...model.graph.outputs, ...added] } };
}

/** ONNX Runtime hands out tensors only. */
function isSequence(model: Model, name: string): boolean {
  const producer = model.graph.nodes.find((node) => node.outputs.includes(name));
  return producer !== undefined && /Sequence|Optional|ZipMap/.test(producer.op);
}

/** The size that each named dimension had in each run, products of two included. */
function dimensionSizes(model: Model, feeds: readonly Feeds[]): ReadonlyMap<string, readonly number[]> {
  const sizes = new Map<string, readonly number[]>();
  for (const input of model.graph.inputs) {
    const shape: Shape = input.type?.kind === 'tensor' ? (input.type.shape ?? []) : [];
    shape.forEach((dim, axis) => {
      if (typeof dim === 'string')
        sizes.set(
          dim,
          feeds.map((fed) => fed[input.name]?.dims[axis] ?? -1),
        );
    });
  }
  for (const [a, first] of [...sizes]) {
    for (const [b, second] of [...sizes]) {
      const both = product([a, b]);
      if (typeof both === 'string' && !sizes.has(both))
        sizes.set(
          both,
          first.map((size, i) => size * second[i]),
        );
    }
  }
  return sizes;
}

function observed(
  tensors: readonly Tensor[],
  names: ReadonlyMap<string, readonly number[]>,
  why: string,
): TypedValue | undefined {
  const [first] = tensors;
  if (!first || !tensors.every((tensor) => tensor.dims.length === first.dims.length)) return undefined;
  const shape = first.dims.map((_, axis) =>
    settle(
      tensors.map((tensor) => tensor.dims[axis]),
      names,
    ),
  );
  const dtype = isDense(first) ? first.dtype : 'string';
  const runs = `${tensors.length} ${tensors.length === 1 ? 'run' : 'runs'}`;
  return { type: { kind: 'tensor', dtype, shape }, source: 'observed', reason: `seen in ${runs}: ${why}` };
}

/** A size that stayed is a number; one that varied as exactly one named dimension did bears its name. */
function settle(sizes: readonly number[], names: ReadonlyMap<string, readonly number[]>): Dim {
  if (sizes.every((size) => size === sizes[0])) return sizes[0];
  const alike = [...names].filter(([, known]) => known.every((size, i) => size === sizes[i]));
  return alike.length === 1 ? alike[0][0] : null;
}
