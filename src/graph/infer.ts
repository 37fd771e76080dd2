import type { Shape } from '../kernel/shape.js';
import type { Tensor } from '../kernel/tensor.js';
import { constantReader, smallNumbers } from './constants.js';
import { common, fillUnknown } from './dims.js';
import type { Graph, Model, Node, Value, ValueType } from './model.js';
import { type Known, known } from './shape-rules/rule.js';
import { SHAPE_RULES } from './shape-rules/table.js';
import { subgraphs } from './subgraphs.js';

/** What is known of every value of the main graph without running it, by name. */
export function inferKnown(model: Model): ReadonlyMap<string, Known> {
  const constant = constantReader(model);
  return inferGraph(model.graph, new Map(), model.opsets.get('') ?? 1, constant);
}

/** The same for a subgraph, given what is known around it. */
export function inferInner(graph: Graph, outer: ReadonlyMap<string, Known>, opset: number): ReadonlyMap<string, Known> {
  return inferGraph(graph, outer, opset, (name) => graph.initializers.get(name));
}

function inferGraph(
  graph: Graph,
  outer: ReadonlyMap<string, Known>,
  opset: number,
  constant: (name: string) => Tensor | undefined,
): ReadonlyMap<string, Known> {
  const found = new Map(outer);
  for (const input of graph.inputs) found.set(input.name, knownInput(input));
  for (const [name, tensor] of graph.initializers) {
    const contents = constant(name) ? smallNumbers(tensor) : undefined;
    if (!found.has(name) || contents) found.set(name, known(tensor.dtype, tensor.dims, contents));
  }
  const stated = new Map(graph.types);
  for (const output of graph.outputs) if (output.type) stated.set(output.name, output.type);
  for (const node of graph.nodes) inferNode(node, found, stated, opset);
  return found;
}

function inferNode(node: Node, found: Map<string, Known>, stated: ReadonlyMap<string, ValueType>, opset: number): void {
  const inputs = node.inputs.map((name) => (name ? (found.get(name) ?? {}) : undefined));
  const rule = node.domain === '' ? SHAPE_RULES[node.op] : undefined;
  const results = node.op === 'If' ? inferBranches(node, found, opset) : (rule?.({ node, opset, inputs }) ?? []);
  node.outputs.forEach((name, position) => {
    if (name) found.set(name, withStated(results[position] ?? {}, stated.get(name)));
  });
}

/** What both branches of If agree on. */
function inferBranches(node: Node, found: ReadonlyMap<string, Known>, opset: number): readonly Known[] {
  const branches = subgraphs(node).map((graph) => {
    const inside = inferInner(graph, found, opset);
    return graph.outputs.map((output) => inside.get(output.name) ?? {});
  });
  const [first = [], second = []] = branches;
  return first.map((item, position) => {
    const other = second[position] ?? {};
    const shape = item.shape && other.shape ? common(item.shape, other.shape) : undefined;
    return known(item.dtype === other.dtype ? item.dtype : undefined, shape);
  });
}

/** Dimensions without a name get one of their own, so that they can be followed through the graph. */
function knownInput(input: Value): Known {
  if (input.type?.kind !== 'tensor') return {};
  return known(input.type.dtype, input.type.shape && namedShape(input.name, input.type.shape));
}

/** Some exporters write an unknown dimension as -1. */
function namedShape(name: string, shape: Shape): Shape {
  const base = name.replace(/[*+()]/g, '_');
  return shape.map((dim, axis) => {
    const unknown = dim === null || (typeof dim === 'number' && dim < 0);
    return unknown ? `${base}.${axis}` : dim;
  });
}

/** A stated dimension fills what the rules leave open; it never fixes one that they know to vary. */
function withStated(inferred: Known, type: ValueType | undefined): Known {
  if (type?.kind !== 'tensor') return inferred;
  const stated = type.shape?.map((dim) => (typeof dim === 'number' && dim < 0 ? null : dim));
  const shape = inferred.shape && stated ? fillUnknown(inferred.shape, stated) : (inferred.shape ?? stated);
  return known(inferred.dtype ?? type.dtype, shape, inferred.contents);
}
