import { floatAttribute } from '../graph/attributes.js';
import { constantReader } from '../graph/constants.js';
import { type GraphIndex, indexGraph } from '../graph/index-graph.js';
import type { Graph, Model, Node } from '../graph/model.js';
import { scalarOf, type Tensor } from '../kernel/tensor.js';
import { type Bits, FORMATS, type Format } from './formats.js';
import type { FollowerRule, TargetRules } from './rules.js';
import type { Unit } from './unit.js';
import { findUnits } from './units.js';

/** A model seen by its units and followers; made once, asked for many plans. */
export interface Network {
  readonly graph: Graph;
  readonly index: GraphIndex;
  readonly units: readonly Unit[];
  readonly rules: TargetRules;
  unit(node: Node): Unit | undefined;
  constant(value: string): Tensor | undefined;
  /** The rule of a follower: nothing for units and for operators that the target has no quantized form of. */
  rule(node: Node): FollowerRule | undefined;
  /** Inputs of a node that carry float activations. */
  dataInputs(node: Node): readonly string[];
  /** The value behind the activation functions that vanish into the quantization after their producer. */
  outlet(value: string): string;
}

export function network(model: Model, rules: TargetRules): Network {
  const { graph } = model;
  const index = indexGraph(graph);
  const units = findUnits(model);
  const byName = new Map(units.map((unit) => [unit.name, unit]));
  const constant = constantReader(model);
  const rule = (node: Node) => (node.domain === '' && isFloat(graph, node) ? rules.followers[node.op] : undefined);
  return {
    graph,
    index,
    units,
    rules,
    constant,
    rule,
    unit: (node) => byName.get(node.name),
    dataInputs(node) {
      const unit = byName.get(node.name);
      if (unit) return unit.inputs;
      return rule(node)?.inputs === 'first' ? node.inputs.slice(0, 1) : node.inputs.filter((input) => input !== '');
    },
    outlet: (value) => outlet(value, index, rule, constant),
  };
}

/** Bits at which a format reads its activations; nothing where it reads floats. */
export function activationBits(format: Format): Bits | undefined {
  const { activation } = FORMATS[format];
  return typeof activation === 'object' ? activation.bits : undefined;
}

function isFloat(graph: Graph, node: Node): boolean {
  const type = graph.types.get(node.outputs[0]);
  return type?.kind !== 'tensor' || type.dtype === 'float32';
}

function outlet(
  value: string,
  index: GraphIndex,
  rule: (node: Node) => FollowerRule | undefined,
  constant: (name: string) => Tensor | undefined,
): string {
  const readers = index.consumers(value);
  if (index.isOutput(value) || readers.length !== 1) return value;
  const [reader] = readers;
  return rule(reader)?.scale === 'fused' && keepsZero(reader, constant) ? reader.outputs[0] : value;
}

/** A range always holds 0, so only bounds around 0 are implied by the range after them. */
function keepsZero(node: Node, constant: (name: string) => Tensor | undefined): boolean {
  if (node.op !== 'Clip') return true;
  const bounds = node.inputs.slice(1).map((input) => (input === '' ? undefined : constant(input)));
  if (node.inputs.slice(1).some((input, i) => input !== '' && !bounds[i])) return false;
  const low = bounds[0] ? scalarOf(bounds[0]) : floatAttribute(node, 'min', Number.NEGATIVE_INFINITY);
  const high = bounds[1] ? scalarOf(bounds[1]) : floatAttribute(node, 'max', Number.POSITIVE_INFINITY);
  return low <= 0 && high >= 0;
}
