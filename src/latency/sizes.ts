import type { Model, ValueType } from '../graph/model.js';
import { inferTypes, plainTypes } from '../graph/types.js';
import { isStatic, type Shape } from '../kernel/shape.js';

/** Dimensions of a value when the model runs; nothing where they are not known. */
export type Sizes = (value: string) => readonly number[] | undefined;

/** Sizes as a graph's types state them, open dimensions taken as 1. */
export function sizesIn(types: ReadonlyMap<string, ValueType>): Sizes {
  return (value) => {
    const type = types.get(value);
    if (type?.kind !== 'tensor' || !type.shape) return undefined;
    return type.shape.map((dim) => (typeof dim === 'number' ? dim : 1));
  };
}

/** Sizes of all values that shape rules reach when the inputs have these dimensions. */
export function sizesFor(model: Model, inputs: Readonly<Record<string, readonly number[]>>): Sizes {
  const fixed = model.graph.inputs.map((input) => {
    const shape: Shape | undefined = inputs[input.name];
    return shape && input.type?.kind === 'tensor' ? { ...input, type: { ...input.type, shape } } : input;
  });
  const types = plainTypes(inferTypes({ ...model, graph: { ...model.graph, inputs: fixed, types: new Map() } }));
  return (value) => {
    const type = types.get(value);
    return type?.kind === 'tensor' && type.shape && isStatic(type.shape) ? type.shape : undefined;
  };
}
