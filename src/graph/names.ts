import type { Graph } from './model.js';
import { subgraphs } from './subgraphs.js';

/** Every name that a value or a node of the graph bears, those of its subgraphs included: ONNX lets none shadow another. */
export function namesIn(graph: Graph): ReadonlySet<string> {
  const names = new Set<string>();
  collect(graph, names);
  return names;
}

function collect(graph: Graph, names: Set<string>): void {
  for (const name of [...graph.initializers.keys(), ...graph.sparseInitializers.keys()]) names.add(name);
  for (const value of [...graph.inputs, ...graph.outputs]) names.add(value.name);
  for (const node of graph.nodes) {
    for (const name of [node.name, ...node.outputs]) names.add(name);
    for (const inner of subgraphs(node)) collect(inner, names);
  }
}
