import { constantReader } from '../graph/constants.js';
import { GraphEdit } from '../graph/edit.js';
import type { Graph, Model, Node } from '../graph/model.js';
import { QDQ_OPSETS, upgradeOpset } from '../graph/upgrade.js';
import { type Problem, throwAll } from '../kernel/errors.js';
import { loadTarget } from '../latency/load-target.js';
import { nonFiniteWeights } from '../quantize/finite-weights.js';
import { wire } from '../quantize/followers.js';
import { FORMATS } from '../quantize/formats.js';
import { type Network, network } from '../quantize/network.js';
import type { Plan } from '../quantize/plan.js';
import { asFloat, dequantized } from './activations.js';
import { type Draft, packs4Bit } from './draft.js';
import { emitUnit } from './units.js';
import { type WeightStore, weightStore } from './weight-store.js';

/** Emits many plans of one model; what they share is computed once and the same tensor objects. */
export interface Emitter {
  emit(plan: Plan): Model;
}

/**
 * The float model as `plan` wants it. Pure: equal arguments give equal bytes. Throws when the plan was made for another
 * model, when a weight is not finite, or when the model's operators cannot be carried to the opset that the plan needs.
 */
export function emit(model: Model, plan: Plan): Model {
  return createEmitter(model).emit(plan);
}

/** `weights`: those of a model of which this one is a part, so that parts share what is quantized. */
export function createEmitter(model: Model, weights = weightStore(constantReader(model))): Emitter {
  throwAll(nonFiniteWeights(model));
  const bases = new Map<string, Base>();
  return {
    emit(plan) {
      const opset = Math.max(neededOpset(plan), model.opsets.get('') ?? 1);
      const key = `${plan.target} ${opset}`;
      const base = bases.get(key) ?? baseOf(model, opset, plan.target);
      bases.set(key, base);
      return emitPlan(base, weights, plan);
    },
  };
}

/** The float model at the opset that a plan needs, and its network. */
interface Base {
  readonly model: Model;
  readonly net: Network;
}

function baseOf(model: Model, opset: number, target: string): Base {
  const upgraded = upgradeOpset(model, opset);
  return { model: upgraded, net: network(upgraded, loadTarget(target)) };
}

/** Oldest opset whose QuantizeLinear and DequantizeLinear can do what the plan's formats ask of them. */
function neededOpset(plan: Plan): number {
  const formats = [...new Set(Object.values(plan.units))].map((format) => FORMATS[format]);
  const widths = formats.flatMap(({ weight, activation }) => [
    ...(typeof weight === 'object' && weight.per === 'channel' ? [weight.bits] : []),
    ...(typeof activation === 'object' ? [activation.bits] : []),
    ...(activation === 'dynamic' ? [8] : []),
  ]);
  const blocked = formats.some(({ weight }) => typeof weight === 'object' && weight.per === 'block');
  const wide = widths.some((bits) => bits === 16 || (bits === 4 && packs4Bit(plan)));
  if (wide || (blocked && plan.emission?.blocks === 'qdq')) return QDQ_OPSETS.narrowOrBlocked;
  return widths.length > 0 ? QDQ_OPSETS.perChannel : 1;
}

function emitPlan({ model, net }: Base, weights: WeightStore, plan: Plan): Model {
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
