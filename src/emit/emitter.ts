import { GraphEdit } from '../graph/edit.js';
import type { Graph, Model, Node } from '../graph/model.js';
import { type Problem, throwAll } from '../kernel/errors.js';
import { loadTarget } from '../latency/load-target.js';
import { wire } from '../quantize/followers.js';
import { type Network, network } from '../quantize/network.js';
import type { Plan } from '../quantize/plan.js';
import { asFloat, dequantized } from './activations.js';
import type { Draft } from './draft.js';
import { emitUnit } from './units.js';
import { type WeightStore, weightStore } from './weight-store.js';

/** Emits many plans of one model; what they share is computed once and the same tensor objects. */
export interface Emitter {
  emit(plan: Plan): Model;
}

/** The float model as `plan` wants it. Pure: equal arguments give equal bytes. */
export function emit(model: Model, plan: Plan): Model {
  return createEmitter(model).emit(plan);
}

export function createEmitter(model: Model): Emitter {
  const networks = new Map<string, Network>();
  let weights: WeightStore | undefined;
  return {
    emit(plan) {
      const net = networks.get(plan.target) ?? network(model, loadTarget(plan.target));
      networks.set(plan.target, net);
      weights ??= weightStore(net.constant);
      return emitPlan(model, net, weights, plan);
    },
  };
}

function emitPlan(model: Model, net: Network, weights: WeightStore, plan: Plan): Model {
  throwAll(mismatches(net, plan));
  const edit = new GraphEdit(model.graph);
  const wiring = wire(net, plan.units, plan.followers);
  const draft: Draft = { net, plan, wiring, edit, weights, made: new Map() };
  for (const node of model.graph.nodes) emitNode(draft, node);
  for (const { name } of model.graph.outputs) asFloat(draft, name);
  dropUnread(edit, model.graph);
  return withOpsets({ ...model, graph: edit.finish() });
}

function emitNode(draft: Draft, node: Node): void {
  const unit = draft.net.unit(node);
  if (unit) emitUnit(draft, unit, node);
  else rewireInputs(draft, node);
}

function rewireInputs(draft: Draft, node: Node): void {
  node.inputs.forEach((input, position) => {
    const bits = draft.wiring.reads(node, position);
    const name = bits === undefined ? asFloat(draft, input) : dequantized(draft, input, bits);
    if (name !== input) draft.edit.setInput(node.name, position, name);
  });
}

/** Float weights that nothing reads any more. */
function dropUnread(edit: GraphEdit, original: Graph): void {
  const index = edit.index();
  for (const name of original.initializers.keys()) {
    if (index.consumers(name).length === 0 && !index.isOutput(name)) edit.removeInitializer(name);
  }
}

function withOpsets(model: Model): Model {
  const domains = new Set(model.graph.nodes.map((node) => node.domain));
  const missing = [...domains].filter((domain) => !model.opsets.has(domain));
  return { ...model, opsets: new Map([...model.opsets, ...missing.map((domain) => [domain, 1] as const)]) };
}

function mismatches(net: Network, plan: Plan): readonly Problem[] {
  const names = new Set(net.units.map((unit) => unit.name));
  const hint = 'The plan was made for another model, or for the same model simplified in another way.';
  const problem = (name: string, message: string): Problem => ({
    kind: 'option',
    code: 'plan-differs-from-model',
    message,
    place: { node: name },
    hint,
  });
  return [
    ...Object.keys(plan.units)
      .filter((name) => !names.has(name))
      .map((name) => problem(name, 'the plan names a unit that the model does not have')),
    ...[...names]
      .filter((name) => plan.units[name] === undefined)
      .map((name) => problem(name, 'the plan gives this unit no format')),
  ];
}
