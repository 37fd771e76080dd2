import { BitloomError, type Problem, throwAll } from '../kernel/errors.js';
import { irVersionFor } from './build.js';
import { withoutListedWeights } from './constants.js';
import { GraphEdit } from './edit.js';
import { inferInner, inferKnown } from './infer.js';
import type { FunctionDef, Graph, Model, Node } from './model.js';
import { namesIn } from './names.js';
import type { Known } from './shape-rules/rule.js';
import { mapSubgraphs } from './subgraphs.js';
import type { UpgradeSite } from './upgrade/step.js';
import { stepsOf } from './upgrade/table.js';

/** The opset from which on Q/DQ can do what a format needs: one scale; one per channel; 16 or 4 bits, or blocks. */
export const QDQ_OPSETS = { perTensor: 10, perChannel: 13, narrowOrBlocked: 21 } as const;

const OLDEST = 6;
const NEWEST = 21;

interface Upgrade {
  readonly from: number;
  readonly target: number;
  readonly problems: Problem[];
  /** Names of the whole model, that new ones must not shadow. */
  readonly names: ReadonlySet<string>;
}

/**
 * The model at opset `target` (10 to 21) of ONNX's own domain; the model itself where it is there already. Operators
 * whose meaning changed on the way are rewritten, in subgraphs and functions too. Throws one error that names every
 * operator that cannot be.
 */
export function upgradeOpset(model: Model, target: number = NEWEST): Model {
  const from = model.opsets.get('');
  if (from === undefined) return atOpset(model, target);
  if (from >= target) return model;
  if (from < OLDEST || target > NEWEST) throw outOfRange(from, target);
  const upgrade: Upgrade = { from, target, problems: [], names: namesIn(model.graph) };
  const graph = upgradeGraph(withoutListedWeights(model).graph, inferKnown(model), upgrade);
  const functions = model.functions.map((body) => upgradeFunction(body, target, upgrade.problems));
  throwAll(upgrade.problems);
  return atOpset({ ...model, graph, functions }, target);
}

function atOpset(model: Model, target: number): Model {
  const irVersion = Math.max(model.irVersion, irVersionFor(target));
  return { ...model, irVersion, opsets: new Map(model.opsets).set('', target) };
}

function upgradeGraph(graph: Graph, facts: ReadonlyMap<string, Known>, upgrade: Upgrade): Graph {
  const edit = new GraphEdit(graph, upgrade.names);
  const site = siteOf(edit, facts, graph, upgrade.target);
  for (const node of graph.nodes) {
    const inner = mapSubgraphs(node, (body) => upgradeGraph(body, inferInner(body, facts, upgrade.from), upgrade));
    if (inner !== node) edit.update(node.name, { attributes: inner.attributes });
    if (node.domain === '') upgradeNode(inner, site, upgrade);
  }
  return edit.finish();
}

/** Takes the steps of the node's operator one by one; a step may make it another operator. */
function upgradeNode(node: Node, site: UpgradeSite, { from, target, problems }: Upgrade): void {
  for (let opset = from + 1; opset <= target; opset++) {
    const current = site.edit.node(node.name) ?? node;
    const steps = stepsOf(current.op);
    if (!steps) {
      problems.push(refusal(node, from, target, 'it is not an operator of ONNX that can be carried over'));
      return;
    }
    for (const step of steps.filter((item) => item.opset === opset)) {
      const latest = site.edit.node(node.name) ?? current;
      const reason = step.convert(latest, site);
      if (reason !== undefined) problems.push(refusal(node, from, target, `${reason} (opset ${opset})`));
    }
  }
}

function siteOf(edit: GraphEdit, facts: ReadonlyMap<string, Known>, graph: Graph, target: number): UpgradeSite {
  const index = edit.index();
  const inputs = new Set(graph.inputs.map((input) => input.name));
  return {
    edit,
    target,
    shape: (value) => facts.get(value)?.shape,
    dtype: (value) => facts.get(value)?.dtype,
    constant: (value) => (inputs.has(value) ? undefined : edit.initializer(value)),
    isRead: (value) => index.consumers(value).length > 0 || index.isOutput(value),
  };
}

/** A function's body as a graph; its constants become Constant nodes, since functions have no initializers. */
function upgradeFunction(body: FunctionDef, target: number, problems: Problem[]): FunctionDef {
  const from = body.opsets.get('') ?? target;
  if (from >= target) return body;
  const graph: Graph = {
    name: body.name,
    inputs: body.inputs.map((name) => ({ name })),
    outputs: body.outputs.map((name) => ({ name })),
    nodes: body.nodes,
    initializers: new Map(),
    sparseInitializers: new Map(),
    types: body.types,
  };
  problems.push(...openAttributes(body, from, target));
  const upgraded = upgradeGraph(graph, new Map(), { from, target, problems, names: namesIn(graph) });
  const constants = [...upgraded.initializers].map(([name, value]): Node => {
    const attributes = new Map([['value', { kind: 'tensor', value }] as const]);
    return { name: `${name}_constant`, op: 'Constant', domain: '', inputs: [], outputs: [name], attributes };
  });
  return { ...body, nodes: [...constants, ...upgraded.nodes], opsets: new Map(body.opsets).set('', target) };
}

/** Nodes that change and whose attributes the function's caller decides: a step cannot read those. */
function openAttributes(body: FunctionDef, from: number, target: number): readonly Problem[] {
  const changing = body.nodes.filter((node) => {
    const open = [...node.attributes.values()].some((attribute) => attribute.kind === 'ref');
    const steps = node.domain === '' ? (stepsOf(node.op) ?? []) : [];
    return open && steps.some((step) => step.opset > from && step.opset <= target);
  });
  return changing.map((node) =>
    refusal(node, from, target, `its attributes are set by callers of function ${body.name}`),
  );
}

function refusal(node: Node, from: number, target: number, reason: string): Problem {
  return {
    kind: 'model',
    code: 'opset-upgrade',
    message: `cannot be carried from opset ${from} to ${target}: ${reason}`,
    place: { node: node.name, op: node.op },
    hint: `export the model again with opset ${target}, or choose formats that the model's own opset has`,
  };
}

function outOfRange(from: number, target: number): BitloomError {
  return new BitloomError({
    kind: 'model',
    code: 'opset-range',
    message: `the model has opset ${from}; opsets from ${OLDEST} to ${NEWEST} can be brought to ${target}`,
    hint: `export the model again with opset ${NEWEST}`,
  });
}
