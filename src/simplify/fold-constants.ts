import { constantReader } from '../graph/constants.js';
import { elements } from '../graph/dims.js';
import { GraphEdit } from '../graph/edit.js';
import { indexGraph } from '../graph/index-graph.js';
import type { Graph, Model, Node } from '../graph/model.js';
import type { Feeds, RunModel } from '../graph/observe.js';
import type { Known } from '../graph/shape-rules/rule.js';
import { subgraphs } from '../graph/subgraphs.js';
import { encodeModel } from '../graph/to-onnx.js';
import { byteLength } from '../kernel/dtype.js';
import { isDense, type Tensor } from '../kernel/tensor.js';
import { factsOf } from './node-pass.js';
import { type Pass, type PassResult, unchanged } from './pass.js';

export interface FoldOptions {
  /** Runs the constant part of the graph: the runtime that will serve the model decides what comes out. */
  readonly evaluate: RunModel;
  /** A result larger than this, and than what it is computed from, is left to be computed. Bytes; 16 MiB by default. */
  readonly maxBytes?: number;
}

/**
 * Replaces nodes that depend on constants only by their results: transposed, reshaped and cast weights among them.
 * Not random operators, control flow, sequences, Q/DQ (a quantized weight stays quantized), graph outputs, nor results
 * that would make the file grow (`maxBytes`).
 */
export function foldConstants({ evaluate, maxBytes = 2 ** 24 }: FoldOptions): Pass {
  return { name: 'fold-constants', run: (model) => fold(model, evaluate, maxBytes) };
}

async function fold(model: Model, evaluate: RunModel, maxBytes: number): Promise<PassResult> {
  const notes: string[] = [];
  const constant = constantNodes(model, maxBytes, notes);
  const edit = new GraphEdit(model.graph);
  let changes = 0;
  for (const batch of batches(model, rootsOf(model, constant), constant)) {
    const results = await evaluate(encodeModel(batch.part), {});
    for (const root of batch.roots) {
      const grown = root.outputs.find((output) => bytesOf(results[output]) > Math.max(maxBytes, batch.bytes));
      if (grown === undefined) changes += replace(root, results, edit);
      else notes.push(tooLarge(root, bytesOf(results[grown]), maxBytes));
    }
  }
  return changes === 0 ? unchanged(model, notes) : { model: { ...model, graph: edit.finish() }, changes, notes };
}

function replace(node: Node, results: Feeds, edit: GraphEdit): number {
  edit.remove(node.name);
  for (const output of node.outputs) if (output) edit.setInitializer(output, results[output]);
  return 1;
}

/** Nodes, in order, all of whose inputs are constants or made by such nodes. */
function constantNodes(model: Model, maxBytes: number, notes: string[]): ReadonlySet<Node> {
  const read = constantReader(model);
  const outputs = new Set(model.graph.outputs.map((output) => output.name));
  const facts = factsOf(model);
  const values = new Set<string>();
  const nodes = new Set<Node>();
  for (const node of model.graph.nodes) {
    if (!isFoldable(node) || node.outputs.some((output) => outputs.has(output))) continue;
    if (!node.inputs.every((name) => name === '' || values.has(name) || read(name) !== undefined)) continue;
    const size = Math.max(...node.outputs.map((output) => knownBytes(facts.get(output))));
    const source = node.inputs.reduce((total, name) => total + knownBytes(facts.get(name)), 0);
    if (size > Math.max(maxBytes, source)) {
      notes.push(tooLarge(node, size, maxBytes));
      continue;
    }
    nodes.add(node);
    for (const output of node.outputs) values.add(output);
  }
  return nodes;
}

function isFoldable(node: Node): boolean {
  return node.domain === '' && !NEVER_FOLDED.test(node.op) && subgraphs(node).length === 0;
}

/** Random each time, quantized on purpose, not tensors, or with nothing to compute from. */
const NEVER_FOLDED = /^(Random|Multinomial|Bernoulli|Dropout|Constant$|.*[Qq]uantize|.*Sequence|.*Optional)/;

/** Constant nodes that something outside of the constant part reads. */
function rootsOf(model: Model, constant: ReadonlySet<Node>): readonly Node[] {
  const index = indexGraph(model.graph);
  const inside = new Set([...constant].map((node) => node.name));
  return [...constant].filter((node) =>
    node.outputs.some((output) => index.consumers(output).some((reader) => !inside.has(reader.name))),
  );
}

interface Batch {
  readonly roots: readonly Node[];
  readonly part: Model;
  /** Bytes of the constants that the part holds. */
  readonly bytes: number;
}

/** Constants handed to one run stay below this, so that folding the weights of a large model takes little memory. */
const RUN_BYTES = 2 ** 28;

function* batches(model: Model, roots: readonly Node[], constant: ReadonlySet<Node>): Generator<Batch> {
  const producers = new Map([...constant].flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  let pending: Source[] = [];
  let bytes = 0;
  for (const root of roots) {
    const source = sourceOf(root, producers, model);
    if (pending.length > 0 && bytes + source.bytes > RUN_BYTES) {
      yield batchOf(model, pending, constant);
      [pending, bytes] = [[], 0];
    }
    pending.push(source);
    bytes += source.bytes;
  }
  if (pending.length > 0) yield batchOf(model, pending, constant);
}

/** What a root is computed from. */
interface Source {
  readonly root: Node;
  readonly nodes: ReadonlySet<Node>;
  readonly initializers: ReadonlySet<string>;
  readonly bytes: number;
}

function sourceOf(root: Node, producers: ReadonlyMap<string, Node>, model: Model): Source {
  const nodes = new Set<Node>([root]);
  const initializers = new Set<string>();
  // A set hands out what is added to it while it is walked.
  for (const node of nodes) {
    for (const input of node.inputs) {
      const producer = producers.get(input);
      if (producer) nodes.add(producer);
      else if (input) initializers.add(input);
    }
  }
  const bytes = [...initializers].reduce((total, name) => total + bytesOf(model.graph.initializers.get(name)), 0);
  return { root, nodes, initializers, bytes };
}

/** A model without inputs that makes what the roots make. */
function batchOf(model: Model, sources: readonly Source[], constant: ReadonlySet<Node>): Batch {
  const wanted = new Set(sources.flatMap((source) => [...source.nodes]));
  const needed = new Set(sources.flatMap((source) => [...source.initializers]));
  const roots = sources.map((source) => source.root);
  const initializers = new Map([...model.graph.initializers].filter(([name]) => needed.has(name)));
  const graph: Graph = {
    name: model.graph.name,
    inputs: [],
    outputs: roots.flatMap((root) => root.outputs.filter(Boolean).map((name) => ({ name }))),
    nodes: [...constant].filter((node) => wanted.has(node)),
    initializers,
    sparseInitializers: new Map(),
    types: new Map(),
  };
  const bytes = sources.reduce((total, source) => total + source.bytes, 0);
  return { roots, part: { ...model, graph, functions: [] }, bytes };
}

function bytesOf(tensor: Tensor | undefined): number {
  return tensor && isDense(tensor) ? tensor.bytes.byteLength : 0;
}

/** 0 where the size is not known before the run. */
function knownBytes(known: Known | undefined): number {
  const count = elements(known?.shape);
  return count === undefined || !known?.dtype ? 0 : byteLength(known.dtype, count);
}

function tooLarge(node: Node, bytes: number, maxBytes: number): string {
  return `${node.name}: its result has ${bytes} bytes, more than its constants and than ${maxBytes}`;
}
