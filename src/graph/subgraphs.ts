import type { Attribute, Graph, Node } from './model.js';

const NONE: readonly never[] = [];

/** The graphs in a node's attributes (the branches of If, the body of Loop and Scan). */
export function subgraphs(node: Node): readonly Graph[] {
  // Asked of every node on every edit, and nearly always answered with nothing: no lists are built for that.
  for (const attribute of node.attributes.values()) {
    if (attribute.kind === 'graph' || attribute.kind === 'graphs') return graphsOf(node);
  }
  return NONE;
}

function graphsOf(node: Node): readonly Graph[] {
  return [...node.attributes.values()].flatMap((attribute) => {
    if (attribute.kind === 'graph') return [attribute.value];
    return attribute.kind === 'graphs' ? attribute.value : [];
  });
}

/** The node with `change` made to each graph in its attributes; the same node where it has none. */
export function mapSubgraphs(node: Node, change: (graph: Graph) => Graph): Node {
  if (subgraphs(node).length === 0) return node;
  const mapped = [...node.attributes].map(([name, attribute]): [string, Attribute] => {
    if (attribute.kind === 'graph') return [name, { kind: 'graph', value: change(attribute.value) }];
    if (attribute.kind === 'graphs') return [name, { kind: 'graphs', value: attribute.value.map(change) }];
    return [name, attribute];
  });
  return { ...node, attributes: new Map(mapped) };
}

/** Values of the enclosing graph that a node's subgraphs read. */
export function capturedValues(node: Node): readonly string[] {
  const graphs = subgraphs(node);
  return graphs.length === 0 ? NONE : graphs.flatMap(freeValues);
}

/** The node reading `to` wherever it or its subgraphs read `from`; the same node where they do not. */
export function readInstead(node: Node, from: string, to: string): Node {
  const direct = node.inputs.includes(from);
  const captured = capturedValues(node).includes(from);
  if (!direct && !captured) return node;
  const outer = direct ? { ...node, inputs: node.inputs.map((input) => (input === from ? to : input)) } : node;
  return captured ? mapSubgraphs(outer, (graph) => captureInstead(graph, from, to)) : outer;
}

function captureInstead(graph: Graph, from: string, to: string): Graph {
  if (!freeValues(graph).includes(from)) return graph;
  const outputs = graph.outputs.map((value) => (value.name === from ? { ...value, name: to } : value));
  return { ...graph, outputs, nodes: graph.nodes.map((node) => readInstead(node, from, to)) };
}

function freeValues(graph: Graph): readonly string[] {
  const own = ownValues(graph);
  const read = graph.nodes.flatMap((node) => [...node.inputs, ...capturedValues(node)]);
  const returned = graph.outputs.map((value) => value.name);
  return [...read, ...returned].filter((name) => name !== '' && !own.has(name));
}

/** Names that a graph defines itself: its inputs, its initializers, and what its nodes make. */
export function ownValues(graph: Graph): ReadonlySet<string> {
  const own = new Set([...graph.initializers.keys(), ...graph.sparseInitializers.keys()]);
  for (const value of graph.inputs) own.add(value.name);
  for (const node of graph.nodes) for (const output of node.outputs) if (output) own.add(output);
  return own;
}
