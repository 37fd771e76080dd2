import type { Model, Node } from '../../graph/model.js';
import { shapeIn, type TypeTable } from '../../graph/types.js';
import type { Shape } from '../../kernel/shape.js';
import type { Network } from '../../quantize/network.js';
import type { Unit } from '../../quantize/unit.js';

/** A unit alone, with what ONNX Runtime fuses into it, between float inputs and a float output. */
export interface IsolatedUnit {
  readonly model: Model;
  /** Operators that follow it there. */
  readonly followers: readonly string[];
  /** Shape of each input as the model knows it: what ONNX Runtime fuses hangs on which dimensions are open. */
  readonly shapes: readonly Shape[];
}

/** Cuts a unit out of a model; nothing where the rank of an input is not known. */
export function isolate({ model, net, types }: Surroundings, unit: Unit): IsolatedUnit | undefined {
  const node = model.graph.nodes.find(({ name }) => name === unit.name);
  const shapes = unit.inputs.flatMap((name) => [shapeIn(types, name)].filter((shape) => shape !== undefined));
  if (!node || shapes.length < unit.inputs.length) return undefined;
  const nodes = [node, ...fusedAfter(net, unit.output)];
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  const isRead = ([name]: readonly [string, unknown]) => read.has(name);
  const inputs = unit.inputs.map((name, i) => ({
    name,
    type: { kind: 'tensor', dtype: 'float32', shape: shapes[i] } as const,
  }));
  const constants = nodes.flatMap(({ inputs: names }) => names.map((name) => [name, net.constant(name)] as const));
  const output = { name: nodes[nodes.length - 1].outputs[0], type: { kind: 'tensor', dtype: 'float32' } as const };
  const graph = {
    ...model.graph,
    inputs,
    outputs: [output],
    nodes,
    initializers: new Map(constants.flatMap(([name, tensor]) => (tensor ? [[name, tensor] as const] : []))),
    sparseInitializers: new Map([...model.graph.sparseInitializers].filter(isRead)),
    types: new Map([...model.graph.types].filter(isRead)),
  };
  return { model: { ...model, graph, functions: [] }, followers: nodes.slice(1).map(({ op }) => op), shapes };
}

/** Where a unit is cut out. */
export interface Surroundings {
  readonly model: Model;
  readonly net: Network;
  /** Types of the model's values. */
  readonly types: TypeTable;
}

/** Further than a bias and an activation function nothing is fused. */
const MOST_FUSED = 2;

/** A bias of its own and an activation function, as long as nothing else reads what is between. */
function fusedAfter(net: Network, output: string): readonly Node[] {
  const nodes: Node[] = [];
  for (let value = output; nodes.length < MOST_FUSED; value = nodes[nodes.length - 1].outputs[0]) {
    const readers = net.index.consumers(value);
    if (readers.length !== 1 || net.index.isOutput(value)) break;
    const [reader] = readers;
    const others = reader.inputs.filter((input) => input !== value && input !== '');
    const fuses = net.rule(reader)?.scale === 'fused' || reader.op === 'Add';
    if (!fuses || !others.every((input) => net.constant(input))) break;
    nodes.push(reader);
  }
  return nodes;
}
