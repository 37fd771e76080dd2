import type { Tensor } from '../kernel/tensor.js';
import { type AttributeInput, attributes } from './attributes.js';
import { type GraphIndex, indexGraph } from './index-graph.js';
import type { Graph, Node, Value, ValueType } from './model.js';
import { namesIn } from './names.js';
import { sortNodes } from './sort.js';
import { readInstead } from './subgraphs.js';

export interface NewNode {
  readonly op: string;
  readonly inputs: readonly string[];
  /** One output with a fresh name when left out. */
  readonly outputs?: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeInput>>;
  readonly domain?: string;
  /** Made unique where it is taken; by operator where it is left out. */
  readonly name?: string;
}

/**
 * Collects changes to a graph and builds a new one; the graph it started from is not touched. Nodes may be added in
 * any order: `finish` sorts them, keeping the given order where the data allows it.
 */
export class GraphEdit {
  readonly #graph: Graph;
  readonly #nodes: Map<string, Node>;
  readonly #initializers: Map<string, Tensor>;
  readonly #types: Map<string, ValueType>;
  readonly #taken: Set<string>;
  #inputs: readonly Value[];
  #outputs: readonly Value[];

  /** `reserved`: names that `fresh` must keep clear of too, such as those of the graph around a subgraph. */
  constructor(graph: Graph, reserved: Iterable<string> = []) {
    this.#graph = graph;
    this.#nodes = new Map(graph.nodes.map((node) => [node.name, node]));
    this.#initializers = new Map(graph.initializers);
    this.#types = new Map(graph.types);
    this.#inputs = graph.inputs;
    this.#outputs = graph.outputs;
    this.#taken = new Set([...reserved, ...namesIn(graph)]);
  }

  /** `name`, or `name_2`, `name_3`... where that is taken by a value or a node. */
  fresh(name: string): string {
    let candidate = name;
    for (let i = 2; this.#taken.has(candidate); i++) candidate = `${name}_${i}`;
    this.#taken.add(candidate);
    return candidate;
  }

  /** Adds a node and returns its first output's name. */
  add(node: NewNode): string {
    const name = this.fresh(node.name ?? node.op);
    const outputs = node.outputs ?? [this.fresh(`${name}_output`)];
    for (const output of outputs) this.#taken.add(output);
    this.#nodes.set(name, {
      name,
      op: node.op,
      domain: node.domain ?? '',
      inputs: node.inputs,
      outputs,
      attributes: attributes(node.attributes ?? {}),
    });
    return outputs[0];
  }

  /** Adds an initializer under `name`, made unique where it is taken, and returns its name. */
  constant(name: string, value: Tensor): string {
    const unique = this.fresh(name);
    this.#initializers.set(unique, value);
    return unique;
  }

  setInitializer(name: string, value: Tensor): void {
    this.#taken.add(name);
    this.#initializers.set(name, value);
  }

  removeInitializer(name: string): void {
    this.#initializers.delete(name);
  }

  node(name: string): Node | undefined {
    return this.#nodes.get(name);
  }

  /** Replaces parts of a node; its place in the order stays. */
  update(name: string, change: Partial<Omit<Node, 'name'>>): void {
    const node = this.#nodes.get(name);
    if (!node) throw new RangeError(`no node is named ${name}`);
    this.#nodes.set(name, { ...node, ...change });
  }

  remove(name: string): void {
    this.#nodes.delete(name);
  }

  /** Lets one input of one node read another value. */
  setInput(name: string, position: number, value: string): void {
    const node = this.#nodes.get(name);
    if (node) this.update(name, { inputs: node.inputs.with(position, value) });
  }

  /** The initializer of this name as edited so far. */
  initializer(name: string): Tensor | undefined {
    return this.#initializers.get(name);
  }

  /** Lets every reader of `from`, subgraphs included, read `to`. Graph outputs keep their names: see `indexGraph`. */
  replaceUses(from: string, to: string): void {
    for (const node of this.#nodes.values()) {
      const changed = readInstead(node, from, to);
      if (changed !== node) this.#nodes.set(node.name, changed);
    }
  }

  setType(value: string, type: ValueType): void {
    this.#types.set(value, type);
  }

  setInputs(inputs: readonly Value[]): void {
    this.#inputs = inputs;
  }

  setOutputs(outputs: readonly Value[]): void {
    this.#outputs = outputs;
  }

  /** Producers and consumers of the graph as edited so far. */
  index(): GraphIndex {
    return indexGraph(this.#current());
  }

  /** The graph as edited: nodes sorted, types of values that are gone dropped. */
  finish(): Graph {
    const graph = this.#current();
    return { ...graph, nodes: sortNodes(graph), types: livingTypes(graph) };
  }

  #current(): Graph {
    return {
      ...this.#graph,
      nodes: [...this.#nodes.values()],
      initializers: this.#initializers,
      types: this.#types,
      inputs: this.#inputs,
      outputs: this.#outputs,
    };
  }
}

/** The graph with the changes that `change` makes. */
export function editGraph(graph: Graph, change: (edit: GraphEdit) => void): Graph {
  const edit = new GraphEdit(graph);
  change(edit);
  return edit.finish();
}

function livingTypes(graph: Graph): ReadonlyMap<string, ValueType> {
  const living = new Set<string>([...graph.initializers.keys(), ...graph.sparseInitializers.keys()]);
  for (const value of [...graph.inputs, ...graph.outputs]) living.add(value.name);
  for (const node of graph.nodes) for (const output of node.outputs) living.add(output);
  return new Map([...graph.types].filter(([name]) => living.has(name)));
}
