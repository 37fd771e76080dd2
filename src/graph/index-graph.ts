import type { Graph, Node } from './model.js';
import { capturedValues } from './subgraphs.js';

/** Who makes and who reads each value. */
export interface GraphIndex {
  /** The node that makes a value; none for inputs and initializers. */
  producer(value: string): Node | undefined;
  /** The nodes that read a value, subgraphs included, in graph order; a node that reads it twice stands once. */
  consumers(value: string): readonly Node[];
  isOutput(value: string): boolean;
  isInput(value: string): boolean;
}

export function indexGraph(graph: Graph): GraphIndex {
  const producers = new Map<string, Node>();
  const consumers = new Map<string, Node[]>();
  const outputs = new Set(graph.outputs.map((value) => value.name));
  const inputs = new Set(graph.inputs.map((value) => value.name));
  for (const node of graph.nodes) {
    for (const output of node.outputs) if (output) producers.set(output, node);
    for (const input of new Set([...node.inputs, ...capturedValues(node)])) {
      const readers = consumers.get(input);
      if (readers) readers.push(node);
      else consumers.set(input, [node]);
    }
  }
  return {
    producer: (value) => producers.get(value),
    consumers: (value) => consumers.get(value) ?? [],
    isOutput: (value) => outputs.has(value),
    isInput: (value) => inputs.has(value),
  };
}
