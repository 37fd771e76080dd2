import type { Node } from '../graph/model.js';
import type { Bits, Format } from './formats.js';
import { activationBits, type Network } from './network.js';
import type { Plan } from './plan.js';
import type { FollowerRule } from './rules.js';

export type Formats = Readonly<Record<string, Format>>;
export type Followers = Plan['followers'];

/** What a plan means for each value and each reader of it. */
export interface Wiring {
  /** Values that their producer stores quantized, and at how many bits. */
  readonly made: ReadonlyMap<string, Bits>;
  /** Output of a follower that keeps its input's scale -> that input. */
  readonly aliases: ReadonlyMap<string, string>;
  /** Bits at which a node reads its input at `position`; nothing where it reads floats. */
  reads(node: Node, position: number): Bits | undefined;
}

/**
 * Which followers carry quantized values: those that are reached by a kernel that stores integers and lead to one that
 * reads them. Elsewhere a quantized follower would only lose accuracy, or a pattern that the runtime fuses in float.
 */
export function decideFollowers(net: Network, formats: Formats): Followers {
  const wants = wantedValues(net, formats);
  const made = new Set<string>();
  const followers: Record<string, Bits | 'float'> = {};
  const carry = (node: Node, rule?: FollowerRule) => {
    for (const output of node.outputs) {
      const outlet = outletOf(net, output, rule);
      made.add(outlet);
      const fused = outlet === output ? undefined : net.index.producer(outlet);
      if (fused) followers[fused.name] = net.rules.followerBits;
    }
  };
  for (const node of net.graph.nodes) {
    if (storesIntegers(net, node, formats, wants)) carry(node);
    const rule = net.rule(node);
    if (!rule || followers[node.name] !== undefined) continue;
    const reached = net.dataInputs(node).some((input) => made.has(input));
    const leads = rule.scale === 'same' || (rule.scale === 'own' && wants.some(net.outlet(node.outputs[0])));
    followers[node.name] = reached && leads ? net.rules.followerBits : 'float';
    if (reached && leads) carry(node, rule);
  }
  return followers;
}

/** The wiring of a plan's formats and followers. */
export function wire(net: Network, formats: Formats, followers: Followers): Wiring {
  const made = new Map<string, Bits>();
  const aliases = new Map<string, string>();
  for (const node of net.graph.nodes) {
    const bits = followers[node.name];
    const rule = net.rule(node);
    if (kernelOf(net, node, formats)?.output === 'quantized') {
      made.set(net.outlet(node.outputs[0]), net.rules.followerBits);
    } else if (rule && rule.scale !== 'fused' && typeof bits === 'number') {
      for (const output of node.outputs) made.set(outletOf(net, output, rule), bits);
      if (rule.scale === 'same') for (const output of node.outputs) aliases.set(output, node.inputs[0]);
    }
  }
  return { made, aliases, reads: (node, position) => readBits(net, node, position, formats, followers) };
}

/** What merely moves quantized values has no range of its own that an activation function could hide in. */
function outletOf(net: Network, output: string, rule?: FollowerRule): string {
  return rule?.scale === 'same' ? output : net.outlet(output);
}

/** Bits at which each value is stored somewhere, by value, in graph order. */
export function storedValues(net: Network, wiring: Wiring): ReadonlyMap<string, ReadonlySet<Bits>> {
  const stored = new Map<string, Set<Bits>>();
  const add = (value: string, bits: Bits) => stored.set(value, (stored.get(value) ?? new Set<Bits>()).add(bits));
  for (const [value, bits] of wiring.made) add(value, bits);
  for (const node of net.graph.nodes) {
    node.inputs.forEach((value, position) => {
      const bits = wiring.reads(node, position);
      if (bits !== undefined && !net.constant(value)) add(value, bits);
    });
  }
  return stored;
}

function readBits(net: Network, node: Node, position: number, formats: Formats, followers: Followers) {
  const unit = net.unit(node);
  if (unit) return unit.inputs.includes(node.inputs[position]) ? activationBits(formats[unit.name]) : undefined;
  const rule = net.rule(node);
  const bits = followers[node.name];
  if (!rule || rule.scale === 'fused' || typeof bits !== 'number') return undefined;
  return node.inputs[position] !== '' && (rule.inputs === 'all' || position === 0) ? bits : undefined;
}

function kernelOf(net: Network, node: Node, formats: Formats) {
  const unit = net.unit(node);
  return unit && net.rules.kernels[unit.op][formats[unit.name]];
}

/** A kernel that may store its result either way stores integers when nobody would read floats. */
function storesIntegers(net: Network, node: Node, formats: Formats, wants: Wants): boolean {
  const output = kernelOf(net, node, formats)?.output;
  return output === 'quantized' || (output === 'either' && wants.every(net.outlet(node.outputs[0])));
}

interface Wants {
  /** Whether some reader of a value, behind followers, reads integers. */
  some(value: string): boolean;
  /** Whether all do, with nothing but movers between. */
  every(value: string): boolean;
}

function wantedValues(net: Network, formats: Formats): Wants {
  const { followerBits } = net.rules;
  const some = new Map<string, boolean>();
  const every = new Map<string, boolean>();
  const direct = (node: Node) => {
    const unit = net.unit(node);
    return unit !== undefined && activationBits(formats[unit.name]) === followerBits;
  };
  for (const node of [...net.graph.nodes].reverse()) {
    const rule = net.rule(node);
    const anyLeads = node.outputs.some((output) => some.get(output) === true);
    const allRead = node.outputs.every((output) => every.get(output) === true);
    for (const value of net.dataInputs(node)) {
      const leads = direct(node) || (rule !== undefined && anyLeads);
      const only = direct(node) || (rule?.scale === 'same' && allRead);
      if (leads) some.set(value, true);
      every.set(value, only && every.get(value) !== false && !net.index.isOutput(value));
    }
  }
  return { some: (value) => some.get(value) === true, every: (value) => every.get(value) === true };
}
