import { type GraphIndex, indexGraph } from '../graph/index-graph.js';
import type { Graph, Node } from '../graph/model.js';
import type { Network } from '../quantize/network.js';

/** Finds, for what ONNX Runtime executes, the value and operator of the float network that it is about. */
export interface Tracer {
  /** The network's value that an executed value holds, in whatever type or layout. */
  value(executed: string): string | undefined;
  /** The network's node whose result an executed node makes. */
  home(node: Node): Node | undefined;
}

/** What ONNX Runtime appends to the names of what it copies or moves to another layout. */
const APPENDED = /(_nchwc|_token_\d+|_out\d+|\/duplicated|_output)$/;

/** Goes up from what has no known name; further than this it would tell of another place. */
const MOST_STEPS = 6;

export function tracer(net: Network, emitted: Graph, executed: Graph): Tracer {
  const names = knownNames(net, emitted);
  const index = indexGraph(executed);
  const named = (name: string): string | undefined => {
    for (let text = name; ; ) {
      const found = names.get(text);
      if (found !== undefined) return found;
      const shorter = text.replace(APPENDED, '');
      if (shorter === text) return undefined;
      text = shorter;
    }
  };
  const value = (start: string) => upward(start, index, named);
  return {
    value,
    home(node) {
      const outputs = node.outputs.flatMap((output) => named(output) ?? []);
      const target = outputs[0] ?? named(node.name);
      return target === undefined ? undefined : net.index.producer(target);
    },
  };
}

function upward(start: string, index: GraphIndex, named: (name: string) => string | undefined): string | undefined {
  let value = start;
  for (let steps = 0; steps < MOST_STEPS; steps++) {
    const found = named(value);
    if (found !== undefined) return found;
    const producer = index.producer(value);
    if (!producer) return undefined;
    value = producer.inputs[0];
  }
  return undefined;
}

/**
 * Names in the emitted graph, each with the network's value behind it. Fused operators name their outputs after nodes, so
 * node names count too; a value's own name comes first.
 */
function knownNames(net: Network, emitted: Graph): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const add = (name: string, value: string) => {
    if (name !== '' && !names.has(name)) names.set(name, value);
  };
  for (const { name } of net.graph.inputs) add(name, name);
  for (const node of net.graph.nodes) for (const output of node.outputs) add(output, output);
  const own = new Set(net.graph.nodes.map((node) => node.name));
  for (const node of emitted.nodes) {
    const source = own.has(node.name) ? node.outputs[0] : node.inputs[0];
    const behind = names.get(node.outputs[0]) ?? names.get(source);
    if (behind !== undefined) for (const output of node.outputs) add(output, behind);
  }
  for (const node of emitted.nodes) add(node.name, names.get(node.outputs[0]) ?? '');
  for (const node of net.graph.nodes) add(node.name, node.outputs[0]);
  names.forEach((value, name) => {
    if (value === '') names.delete(name);
  });
  return names;
}
