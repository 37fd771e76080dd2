import type { Graph, Model, Value, ValueType } from '../../graph/model.js';
import type { Feeds } from '../../graph/observe.js';
import { didYouMean } from '../../kernel/did-you-mean.js';
import { type Problem, throwAll } from '../../kernel/errors.js';
import { printShape, type Shape } from '../../kernel/shape.js';
import type { Tensor } from '../../kernel/tensor.js';

/** Named dimension -> size. */
type Sizes = ReadonlyMap<string, number>;

/**
 * The model with every dimension of its inputs fixed to that of `feeds`. Initializers that it lists as inputs are
 * weights, except those that are fed. Throws one error that names every input that is missing, unknown, or of another
 * type or shape than the model states.
 */
export function bindInputs(model: Model, feeds: Feeds): Model {
  const { graph } = model;
  const inputs = graph.inputs.filter(({ name }) => feeds[name] || !graph.initializers.has(name));
  const sizes = new Map<string, number>();
  throwAll([...unknownFeeds(graph, feeds), ...inputs.flatMap((input) => misfits(input, feeds[input.name], sizes))]);
  return { ...model, graph: fixed(graph, inputs, feeds, sizes) };
}

function fixed(graph: Graph, inputs: readonly Value[], feeds: Feeds, sizes: Sizes): Graph {
  return {
    ...graph,
    inputs: inputs.map((input) => ({ ...input, type: typeOf(feeds[input.name]) })),
    outputs: graph.outputs.map((output) => (output.type ? { ...output, type: sized(output.type, sizes) } : output)),
    initializers: new Map([...graph.initializers].filter(([name]) => !feeds[name])),
    types: new Map([...graph.types].map(([name, type]) => [name, sized(type, sizes)])),
  };
}

function typeOf({ dtype, dims }: Tensor): ValueType {
  return { kind: 'tensor', dtype, shape: dims };
}

/** Names become sizes; those that no input has are unknown. */
function sized(type: ValueType, sizes: Sizes): ValueType {
  if (type.kind !== 'tensor' || !type.shape) return type;
  return { ...type, shape: type.shape.map((dim) => (typeof dim === 'string' ? (sizes.get(dim) ?? null) : dim)) };
}

function misfits(input: Value, fed: Tensor | undefined, sizes: Map<string, number>): readonly Problem[] {
  if (!fed) {
    return [problem(input.name, 'not-fixed', 'has no value in the sample that fixes the shapes', 'give one sample')];
  }
  const type = input.type?.kind === 'tensor' ? input.type : undefined;
  if (type && type.dtype !== fed.dtype) {
    return [problem(input.name, 'not-fixed', `takes ${type.dtype}, the sample has ${fed.dtype}`, 'convert the data')];
  }
  if (!type?.shape || fits(type.shape, fed.dims, sizes)) return [];
  const message = `takes ${printShape(type.shape)}, the sample has ${printShape(fed.dims)}`;
  return [problem(input.name, 'not-fixed', message, 'dimensions of the same name have the same size in all inputs')];
}

/** Notes the sizes of names as they are met. */
function fits(stated: Shape, dims: readonly number[], sizes: Map<string, number>): boolean {
  if (stated.length !== dims.length) return false;
  return stated.every((dim, axis) => {
    if (dim === null || (typeof dim === 'number' && dim < 0)) return true;
    if (typeof dim === 'number') return dim === dims[axis];
    const size = sizes.get(dim) ?? dims[axis];
    sizes.set(dim, size);
    return size === dims[axis];
  });
}

function unknownFeeds(graph: Graph, feeds: Feeds): readonly Problem[] {
  const names = graph.inputs.map(({ name }) => name);
  const wrong = Object.keys(feeds).filter((name) => !names.includes(name));
  return wrong.map((name) => problem(name, 'unknown-input', 'is no input of the model', didYouMean(name, names)));
}

function problem(tensor: string, code: string, message: string, hint: string): Problem {
  return { kind: 'model', code, message, place: { tensor }, hint };
}
