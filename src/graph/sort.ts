import { BitloomError } from '../kernel/errors.js';
import type { Graph, Node } from './model.js';
import { capturedValues } from './subgraphs.js';

/** The nodes in an order in which each value is made before it is read, as close to the given order as that allows. */
export function sortNodes(graph: Graph): readonly Node[] {
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  producers.delete('');
  const sorted: Node[] = [];
  const state = new Map<Node, 'open' | 'done'>();
  for (const root of graph.nodes) visit(root, producers, state, sorted);
  return sorted;
}

/** Depth first with a stack of its own: networks are deeper than the call stack. */
function visit(
  root: Node,
  producers: ReadonlyMap<string, Node>,
  state: Map<Node, 'open' | 'done'>,
  sorted: Node[],
): void {
  const stack: Node[] = [root];
  while (stack.length > 0) {
    const node = stack[stack.length - 1];
    const next = state.get(node) === undefined ? sources(node, producers) : [];
    if (state.get(node) === undefined) state.set(node, 'open');
    const waiting = next.filter((source) => state.get(source) !== 'done');
    if (waiting.some((source) => state.get(source) === 'open')) throw cycle(node);
    if (waiting.length > 0) {
      stack.push(...waiting.reverse());
      continue;
    }
    stack.pop();
    if (state.get(node) !== 'done') sorted.push(node);
    state.set(node, 'done');
  }
}

function sources(node: Node, producers: ReadonlyMap<string, Node>): Node[] {
  const found = [...node.inputs, ...capturedValues(node)].map((value) => producers.get(value));
  return [...new Set(found.filter((source) => source !== undefined))];
}

function cycle(node: Node): BitloomError {
  return new BitloomError({
    kind: 'model',
    code: 'graph-cycle',
    message: 'the graph has a cycle through this node',
    place: { node: node.name, op: node.op },
  });
}
