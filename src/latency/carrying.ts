import type { Node } from '../graph/model.js';
import { type Bits, FORMAT_NAMES, type Format } from '../quantize/formats.js';
import { activationBits, type Network } from '../quantize/network.js';
import type { FollowerRule } from '../quantize/rules.js';
import type { Unit } from '../quantize/unit.js';
import type { Circuitry, Signal } from './logic.js';
import type { Conditions } from './where.js';

/**
 * The rule by which followers carry integers, as gates: what quantize/followers.ts decides for one choice of formats,
 * for all choices at once. A property test holds the two together.
 */
export function conditionsFor(
  net: Network,
  ladderOf: (unit: Unit) => readonly Format[],
  circuit: Circuitry<Format>,
): Conditions<Signal> {
  const is = (unit: Unit, formats: readonly Format[]) => circuit.is(unit.group, formats);
  const carrying = carryingOf(net, circuit, is);
  return {
    ladder: ladderOf,
    is,
    carried: (node) => carrying.carried.get(node.name) ?? false,
    made: (value) => carrying.made.get(value) ?? false,
    reads(node, position, bits) {
      const unit = net.unit(node);
      if (unit) return unit.inputs.includes(node.inputs[position]) && is(unit, readingAt(bits));
      const rule = net.rule(node);
      if (!rule || rule.scale === 'fused' || bits !== net.rules.followerBits) return false;
      const isData = node.inputs[position] !== '' && (rule.inputs === 'all' || position === 0);
      return isData && (carrying.carried.get(node.name) ?? false);
    },
  };
}

type Is = (unit: Unit, formats: readonly Format[]) => Signal;

interface Carrying {
  readonly carried: ReadonlyMap<string, Signal>;
  /** Values whose producer stores integers, by what the emitted graph says. */
  readonly made: ReadonlyMap<string, Signal>;
}

function carryingOf(net: Network, circuit: Circuitry<Format>, is: Is): Carrying {
  const wants = wantsOf(net, circuit, is);
  const carried = new Map<string, Signal>();
  const reached = new Map<string, Signal>();
  const made = new Map<string, Signal>();
  const also = (map: Map<string, Signal>, key: string, signal: Signal) =>
    map.set(key, circuit.any([map.get(key) ?? false, signal]));
  const carry = (node: Node, when: Signal, rule?: FollowerRule) => {
    for (const output of node.outputs) {
      const outlet = rule?.scale === 'same' ? output : net.outlet(output);
      also(reached, outlet, when);
      const fused = outlet === output ? undefined : net.index.producer(outlet);
      if (fused) also(carried, fused.name, when);
      if (rule) also(made, outlet, when);
    }
  };
  for (const node of net.graph.nodes) {
    const unit = net.unit(node);
    const rule = net.rule(node);
    if (unit) {
      const outlet = net.outlet(unit.output);
      const stores = is(unit, storing(net, unit, 'quantized'));
      const mayStore = circuit.all([is(unit, storing(net, unit, 'either')), wants.every.get(outlet) ?? false]);
      carry(node, circuit.any([stores, mayStore]));
      also(made, outlet, stores);
    } else if (rule && rule.scale !== 'fused') {
      const leads = rule.scale === 'same' || (wants.some.get(net.outlet(node.outputs[0])) ?? false);
      const arrives = circuit.any(net.dataInputs(node).map((input) => reached.get(input) ?? false));
      const when = circuit.all([leads, arrives]);
      carried.set(node.name, when);
      carry(node, when, rule);
    }
  }
  return { carried, made };
}

interface Wants {
  /** Some reader of a value, behind followers, reads integers. */
  readonly some: ReadonlyMap<string, Signal>;
  /** All do, with nothing but movers between. */
  readonly every: ReadonlyMap<string, Signal>;
}

function wantsOf(net: Network, circuit: Circuitry<Format>, is: Is): Wants {
  const some = new Map<string, Signal>();
  const every = new Map<string, Signal>();
  for (const node of [...net.graph.nodes].reverse()) {
    const unit = net.unit(node);
    const rule = net.rule(node);
    const direct = unit ? is(unit, readingAt(net.rules.followerBits)) : false;
    const anyLeads = circuit.any(node.outputs.map((output) => some.get(output) ?? false));
    const allRead = circuit.all(node.outputs.map((output) => every.get(output) ?? false));
    for (const value of net.dataInputs(node)) {
      some.set(value, circuit.any([some.get(value) ?? false, direct, rule ? anyLeads : false]));
      const only = circuit.any([direct, rule?.scale === 'same' ? allRead : false]);
      every.set(value, circuit.all([every.get(value) ?? true, only, !net.index.isOutput(value)]));
    }
  }
  return { some, every };
}

function readingAt(bits: Bits): readonly Format[] {
  return FORMAT_NAMES.filter((format) => activationBits(format) === bits);
}

function storing(net: Network, unit: Unit, output: 'quantized' | 'either'): readonly Format[] {
  return FORMAT_NAMES.filter((format) => net.rules.kernels[unit.op][format]?.output === output);
}
