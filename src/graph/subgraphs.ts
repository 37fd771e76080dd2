import type { Graph, Node } from './model.js';

/** The graphs in a node's attributes (the branches of If, the body of Loop and Scan). */
export function subgraphs(node: Node): readonly Graph[] {
  return [...node.attributes.values()].flatMap((attribute) => {
    if (attribute.kind === 'graph') return [attribute.value];
    return attribute.kind === 'graphs' ? attribute.value : [];
  });
}

/** Values of the enclosing graph that a node's subgraphs read. */
export function capturedValues(node: Node): readonly string[] {
  return subgraphs(node).flatMap(freeValues);
}

function freeValues(graph: Graph): readonly string[] {
  const own = new Set([...graph.initializers.keys(), ...graph.inputs.map((value) => value.name)]);
  for (const node of graph.nodes) for (const output of node.outputs) own.add(output);
  const read = graph.nodes.flatMap((node) => [...node.inputs, ...capturedValues(node)]);
  const returned = graph.outputs.map((value) => value.name);
  return [...read, ...returned].filter((name) => name !== '' && !own.has(name));
}
