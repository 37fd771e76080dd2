import { elementCount, isDense, type Tensor, toNumbers } from '../kernel/tensor.js';
import type { Graph, Model } from './model.js';

/**
 * Whether a caller may put another value in the place of an initializer: from IR version 4 on one that is listed among
 * the inputs too is a default, not a constant (IR.md, "Graphs").
 */
export function isOverridable(model: Model, name: string): boolean {
  return model.irVersion >= 4 && model.graph.inputs.some((input) => input.name === name);
}

/** Reads the values of a graph that never change. */
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
  const inputs = graph.inputs.filter((input) => !graph.initializers.has(input.name));
  return { ...model, irVersion: 4, graph: { ...graph, inputs } };
}

/** Names a caller has to feed: inputs without an initializer. */
export function requiredInputs(graph: Graph): readonly string[] {
  return graph.inputs.map((input) => input.name).filter((name) => !graph.initializers.has(name));
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
