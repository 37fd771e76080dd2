import { rm } from 'node:fs/promises';
import { loadModel } from '../graph/from-onnx.js';
import { indexGraph } from '../graph/index-graph.js';
import type { Graph, Model, Node } from '../graph/model.js';
import type { Problem } from '../kernel/errors.js';
import { loadTarget } from '../latency/load-target.js';
import { FORMATS, type Format } from '../quantize/formats.js';
import type { Plan } from '../quantize/plan.js';
import type { KernelRule } from '../quantize/rules.js';
import type { Unit } from '../quantize/unit.js';
import { weightDType } from '../quantize/weights.js';
import { isIntegerProduct, kernelName, matchUnits, weightType } from './executed.js';

/** What ran for one unit, beside what the plan says. */
export interface UnitKernel {
  readonly name: string;
  readonly format: Format;
  /** Operator of the optimized graph that computes the unit. */
  readonly kernel: string;
  /** Dtype of its weight in that graph; `none` for a product of two activations. */
  readonly weightType: string;
  readonly agrees: boolean;
  /** What differs; empty where nothing does. */
  readonly reason: string;
}

export interface KernelCheck {
  readonly units: readonly UnitKernel[];
  /** One for each unit that did not run as planned, for `throwAll`. */
  readonly problems: readonly Problem[];
}

export interface KernelQuestion {
  readonly plan: Plan;
  readonly units: readonly Unit[];
  /** What `emit` returned for the plan. */
  readonly emitted: Model;
  /** The file it was saved to. */
  readonly path: string;
  /** Writes the graph that the runtime executes for a model; it may take its weights from where the model does. */
  readonly optimize: (model: string, optimized: string) => Promise<unknown>;
}

/**
 * Holds the plan against the graph that the runtime executes after all its optimizations. The runtime changes precision
 * silently (it quantizes float weights, skips fusions for a scale that is 2 % off), so nothing else can be trusted.
 */
export async function checkKernels(question: KernelQuestion): Promise<KernelCheck> {
  const executed = await optimizedGraph(question);
  const { plan, units } = question;
  const found = matchUnits(
    question.emitted.graph,
    executed,
    units.map((unit) => unit.name),
  );
  const kernels = new Set(found.values());
  const strangers = executed.nodes.filter((node) => isIntegerProduct(node.op) && !kernels.has(node));
  const index = indexGraph(executed);
  const checked = units.map((unit) => {
    const node = found.get(unit.name);
    return node
      ? judge(unit, plan, node, weightType(node, executed, index) ?? 'none')
      : judgeMissing(unit, plan, strangers);
  });
  return { units: checked, problems: checked.filter((unit) => !unit.agrees).map(problem) };
}

/** Beside the model, so that external data is found by both. */
async function optimizedGraph({ path, optimize }: KernelQuestion): Promise<Graph> {
  const optimized = `${path}.optimized`;
  try {
    await optimize(path, optimized);
    return (await loadModel(optimized)).graph;
  } finally {
    await rm(optimized, { force: true });
  }
}

function judge(unit: Unit, plan: Plan, node: Node, weight: string): UnitKernel {
  const format = plan.units[unit.name];
  const rule = loadTarget(plan.target).kernels[unit.op][format];
  const planned = plannedKernels(unit, plan, rule);
  const types = plannedTypes(unit, plan);
  const wrongKernel = planned.includes(node.op) ? '' : `the plan needs ${planned.join(' or ')}, ${node.op} ran`;
  const wrongType = types.includes(weight) ? '' : `the plan needs a weight of ${types.join(' or ')}, ${weight} ran`;
  const reason = [wrongKernel, wrongType].filter((text) => text !== '').join('; ');
  return { name: unit.name, format, kernel: kernelName(node), weightType: weight, agrees: reason === '', reason };
}

/**
 * A float unit that no operator answers to was fused with others into a larger float operator, unless some integer
 * kernel answers to no unit either.
 */
function judgeMissing(unit: Unit, plan: Plan, strangers: readonly Node[]): UnitKernel {
  const format = plan.units[unit.name];
  const agrees = format === 'float' && strangers.length === 0;
  const reason = agrees ? '' : 'no operator of the optimized graph can be traced to it';
  return { name: unit.name, format, kernel: 'fused', weightType: 'float32', agrees, reason };
}

/** Packed 4-bit operands are dequantized on a CPU, so the float kernel of the operator runs. */
function plannedKernels(unit: Unit, plan: Plan, rule: KernelRule | undefined): readonly string[] {
  const { weight } = FORMATS[plan.units[unit.name]];
  const unpacked = rule?.compute === 'integer' && packs(plan) && typeof weight === 'object' && weight.bits === 4;
  const float = loadTarget(plan.target).kernels[unit.op].float;
  return (unpacked ? float : rule)?.kernels ?? [];
}

function plannedTypes(unit: Unit, plan: Plan): readonly string[] {
  const { weight } = FORMATS[plan.units[unit.name]];
  if (unit.weight === undefined) return ['none'];
  if (weight === 'float') return ['float32'];
  if (weight === 'f16') return ['float16', 'float32'];
  if (weight.per === 'block') return ['uint8'];
  if (unit.channelAxis === undefined) return weight.bits === 16 ? ['uint16'] : ['uint8'];
  return [weightDType(weight.bits, packs(plan))];
}

function packs(plan: Plan): boolean {
  return plan.emission?.container === 'packed';
}

function problem(unit: UnitKernel): Problem {
  return {
    kind: 'internal',
    code: 'kernel-differs',
    message: `the plan says ${unit.format}, and ${unit.kernel} with ${unit.weightType} weights ran: ${unit.reason}`,
    place: { node: unit.name },
    hint: 'Leave this unit in float (--force NAME=float), and report it with the ONNX Runtime version.',
  };
}
