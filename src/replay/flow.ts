import type { Graph, Node } from '../graph/model.js';
import { capturedValues } from '../graph/subgraphs.js';

/** Which values a graph's nodes make of which: what follows from a node, and what a value is made of. */
export interface Flow {
  readonly graph: Graph;
  /** Values that a node and its subgraphs read, constants left out. */
  reads(node: Node): readonly string[];
  producer(value: string): Node | undefined;
}

export function flowOf(graph: Graph): Flow {
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const isConstant = (value: string) => graph.initializers.has(value) || graph.sparseInitializers.has(value);
  const reads = new Map(
    graph.nodes.map((node) => {
      const values = [...node.inputs, ...capturedValues(node)];
      return [node, [...new Set(values.filter((value) => value !== '' && !isConstant(value)))]] as const;
    }),
  );
  return { graph, reads: (node) => reads.get(node) ?? [], producer: (value) => producers.get(value) };
}

/** These nodes and all that follow from them, in graph order. */
export function following({ graph, reads }: Flow, first: readonly Node[]): readonly Node[] {
  const made = new Set<string>();
  return graph.nodes.filter((node) => {
    const inside = first.includes(node) || reads(node).some((value) => made.has(value));
    if (inside) for (const output of node.outputs) if (output !== '') made.add(output);
    return inside;
  });
}

export interface Cone {
  /** In graph order. */
  readonly nodes: readonly Node[];
  /** The given values that they read. */
  readonly inputs: readonly string[];
}

/** The nodes that make `wanted` of `given` values. */
export function between({ graph, reads, producer }: Flow, given: ReadonlySet<string>, wanted: readonly string[]): Cone {
  const needed = new Set<Node>();
  const inputs = new Set<string>();
  const open = [...wanted];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    const node = producer(value);
    if (!node || needed.has(node)) continue;
    needed.add(node);
    for (const read of reads(node)) {
      if (given.has(read)) inputs.add(read);
      else open.push(read);
    }
  }
  return { nodes: graph.nodes.filter((node) => needed.has(node)), inputs: [...inputs].sort() };
}

/** Values that nodes make. */
export function madeBy(nodes: readonly Node[]): ReadonlySet<string> {
  return new Set(nodes.flatMap((node) => node.outputs.filter((output) => output !== '')));
}
