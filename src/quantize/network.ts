import { floatAttribute } from '../graph/attributes.js';
import { constantReader } from '../graph/constants.js';
import { type GraphIndex, indexGraph } from '../graph/index-graph.js';
import type { Graph, Model, Node } from '../graph/model.js';
import { scalarOf, type Tensor } from '../kernel/tensor.js';
import { type Bits, FORMATS, type Format } from './formats.js';
import type { Range } from './plan.js';
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
  /** The value behind the activation function that vanishes into the quantization after its producer. */
  outlet(value: string): string;
  /** Bounds that this activation function puts on its output; none for other values. */
  bounds(value: string): Range | undefined;
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
    bounds(value) {
      const producer = index.producer(value);
      return producer && rule(producer)?.scale === 'fused' ? boundsOf(producer, constant) : undefined;
    },
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

type ReadConstant = (name: string) => Tensor | undefined;

function outlet(
  value: string,
  index: GraphIndex,
  rule: (node: Node) => FollowerRule | undefined,
  constant: ReadConstant,
): string {
  const readers = index.consumers(value);
  if (index.isOutput(value) || readers.length !== 1) return value;
  const [reader] = readers;
  return rule(reader)?.scale === 'fused' && boundsOf(reader, constant) ? reader.outputs[0] : value;
}

/** A stored range always holds 0, so only bounds around 0 can be implied by it; nothing for others and unknown ones. */
function boundsOf(node: Node, constant: ReadConstant): Range | undefined {
  if (node.op !== 'Clip') return { min: 0, max: Number.POSITIVE_INFINITY };
  const bound = (position: number, attribute: string, none: number) => {
    const input = node.inputs[position] ?? '';
    if (input === '') return floatAttribute(node, attribute, none);
    const given = constant(input);
    return given ? scalarOf(given) : Number.NaN;
  };
  const min = bound(1, 'min', Number.NEGATIVE_INFINITY);
  const max = bound(2, 'max', Number.POSITIVE_INFINITY);
  return min <= 0 && max >= 0 ? { min, max } : undefined;
}
