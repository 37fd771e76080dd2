import { constantReader } from '../graph/constants.js';
import { GraphEdit } from '../graph/edit.js';
import type { GraphIndex } from '../graph/index-graph.js';
import { inferKnown } from '../graph/infer.js';
import type { Model, Node } from '../graph/model.js';
import type { Known } from '../graph/shape-rules/rule.js';
import type { DType } from '../kernel/dtype.js';
import type { Dim, Shape } from '../kernel/shape.js';
import type { Tensor } from '../kernel/tensor.js';
import { type Pass, type PassResult, unchanged } from './pass.js';

/** The graph around a node, as edited so far. */
export interface Site {
  readonly edit: GraphEdit;
  readonly index: GraphIndex;
  readonly opset: number;
  /** The value, if it never changes. */
  constant(value: string): Tensor | undefined;
  shape(value: string): Shape | undefined;
  dtype(value: string): DType | undefined;
  /** The elements of a small integer tensor, where they follow from dimensions. */
  contents(value: string): readonly Dim[] | undefined;
}

/** Whether a rule rewrote the node, saw nothing for it, or left a pattern alone for a reason worth telling. */
export type Outcome = 'rewritten' | 'no match' | { readonly left: string };

export type NodeRule = (node: Node, site: Site) => Outcome;

/** Rules by operator of ONNX's own domain. */
export type NodeRules = Readonly<Record<string, NodeRule>>;

/** A pass that offers each node of the main graph, in order, to the rule of its operator. */
export function nodePass(name: string, rules: NodeRules): Pass {
  return { name, run: (model) => visitNodes(model, rules) };
}

function visitNodes(model: Model, rules: NodeRules): PassResult {
  const candidates = model.graph.nodes.filter((node) => node.domain === '' && rules[node.op]);
  if (candidates.length === 0) return unchanged(model);
  const edit = new GraphEdit(model.graph);
  const notes: string[] = [];
  const site = siteOf(model, edit);
  let changes = 0;
  for (const { name } of candidates) {
    const node = edit.node(name);
    const outcome = node && rules[node.op] ? rules[node.op](node, site) : 'no match';
    if (outcome === 'rewritten') {
      changes++;
      site.refresh();
    } else if (outcome !== 'no match') notes.push(`${name}: ${outcome.left}`);
  }
  return changes === 0 ? unchanged(model, notes) : { model: { ...model, graph: edit.finish() }, changes, notes };
}

/** Facts and index are found out when a rule first asks, the index again after each rewrite. */
function siteOf(model: Model, edit: GraphEdit): Site & { refresh(): void } {
  const original = constantReader(model);
  const overridable = (name: string) => model.graph.initializers.has(name) && original(name) === undefined;
  let facts: ReadonlyMap<string, Known> | undefined;
  let index: GraphIndex | undefined;
  const known = (name: string): Known | undefined => {
    facts ??= factsOf(model);
    return facts.get(name);
  };
  return {
    edit,
    get index() {
      index ??= edit.index();
      return index;
    },
    opset: model.opsets.get('') ?? 1,
    constant: (name) => (overridable(name) ? undefined : edit.initializer(name)),
    shape: (name) => known(name)?.shape,
    dtype: (name) => known(name)?.dtype,
    contents: (name) => known(name)?.contents,
    refresh() {
      index = undefined;
    },
  };
}

/** Shapes that follow from the inputs alone: what a file states of other values may be stale, and a rewrite must not trust it. */
export function factsOf(model: Model): ReadonlyMap<string, Known> {
  const outputs = model.graph.outputs.map(({ name }) => ({ name }));
  return inferKnown({ ...model, graph: { ...model.graph, outputs, types: new Map() } });
}
