import { elementCount, isDense, type Tensor, toNumbers } from '../kernel/tensor.js';
import type { Graph, Model, Value } from './model.js';

/**
 * Reads the values of a graph that never change: from IR version 4 on an initializer that is listed among the inputs too is
 * a default, which a caller may replace (IR.md, "Graphs").
 */
export function constantReader(model: Model): (name: string) => Tensor | undefined {
  const defaults = new Set(model.irVersion >= 4 ? model.graph.inputs.map((input) => input.name) : []);
  return (name) => (defaults.has(name) ? undefined : model.graph.initializers.get(name));
}

/**
 * The model with its weights off the list of graph inputs, where models before IR version 4 had to put them. Later
 * models are left alone: a listed initializer is a default there, which the caller may replace.
 */
export function withoutListedWeights(model: Model): Model {
  const { graph } = model;
  if (model.irVersion >= 4) return model;
  return { ...model, irVersion: 4, graph: { ...graph, inputs: requiredInputs(graph) } };
}

/** What a caller has to feed: inputs without an initializer. */
export function requiredInputs({ inputs, initializers }: Graph): readonly Value[] {
  return inputs.filter(({ name }) => !initializers.has(name));
}

/** The numbers of a constant, unless it is missing, not numeric, or has more than `limit` elements. */
export function smallNumbers(tensor: Tensor | undefined, limit = 1024): readonly number[] | undefined {
  if (!tensor || !isDense(tensor) || elementCount(tensor) > limit || !PLAIN.has(tensor.dtype)) return undefined;
  return Array.from(toNumbers(tensor));
}

const PLAIN: ReadonlySet<string> = new Set([
  'float32',
  'float64',
  'float16',
  'bfloat16',
  'int8',
  'int16',
  'int32',
  'int64',
  'int4',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'uint4',
  'bool',
]);
