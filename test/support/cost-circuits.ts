import { type Random, random } from '../../src/kernel/random.js';
import type { CostModel, Gate } from '../../src/search/cost-model.js';

export type CircuitFormat = 'float' | 'w8a8' | 'w8a8-dynamic' | 'w4';

/** An operator of a made-up network: a unit (chosen by the search) or a follower, reading outputs of operators before it. */
export interface Operator {
  readonly unit: boolean;
  readonly inputs: readonly number[];
}

/** A search instance of a network's shape: costs of units, followers and boundaries, and scores of damage. */
export interface Instance {
  readonly cost: CostModel<CircuitFormat>;
  readonly ladder: (item: string) => readonly CircuitFormat[];
  readonly score: (item: string, format: CircuitFormat) => number;
}

/** Bottlenecks of three units with an Add, as ResNet50 has 16 of, four with a unit on the shortcut: 54 units with stem and head. */
export function residualChain(blocks = 16, wide: readonly number[] = [0, 3, 7, 13]): readonly Operator[] {
  const net: Operator[] = [{ unit: true, inputs: [] }];
  const push = (unit: boolean, inputs: readonly number[]) => net.push({ unit, inputs }) - 1;
  let from = push(false, [0]);
  for (let block = 0; block < blocks; block++) {
    let path = from;
    for (let unit = 0; unit < 3; unit++) path = push(true, [path]);
    const shortcut = wide.includes(block) ? push(true, [from]) : from;
    from = push(false, [path, shortcut]);
  }
  push(true, [push(false, [from])]);
  return net;
}

/** Layers that each read a Concat of all layers before them in their block, as DenseNet has. */
export function denseBlocks(blocks = 4, layers = 7): readonly Operator[] {
  const net: Operator[] = [{ unit: true, inputs: [] }];
  const push = (unit: boolean, inputs: readonly number[]) => net.push({ unit, inputs }) - 1;
  let from = 0;
  for (let block = 0; block < blocks; block++) {
    for (let layer = 0; layer < layers; layer++) {
      const made = push(true, [push(true, [from])]);
      from = push(false, [from, made]);
    }
    from = push(false, [push(true, [from])]);
  }
  push(true, [from]);
  return net;
}

/** Layers of six units (query, key, value, output, two of the feed-forward part) with two Adds, as an encoder has. */
export function transformer(layers = 17): readonly Operator[] {
  const net: Operator[] = [{ unit: true, inputs: [] }];
  const push = (unit: boolean, inputs: readonly number[]) => net.push({ unit, inputs }) - 1;
  let from = 0;
  for (let layer = 0; layer < layers; layer++) {
    const mixed = push(false, [push(true, [from]), push(true, [from]), push(true, [from])]);
    const attended = push(false, [from, push(true, [mixed])]);
    from = push(false, [attended, push(true, [push(false, [push(true, [attended])])])]);
  }
  push(true, [from]);
  return net;
}

/**
 * The circuit of a network by the rules that a target on the CPU has: a unit in `w8a8` reads integers, and stores them when all
 * its readers read them; a follower carries them when it is reached by some and leads to some; each value is quantized or
 * dequantized where its two ends differ.
 */
export function circuitOf(net: readonly Operator[], formats: readonly CircuitFormat[], seed: number): Instance {
  const source = random(seed);
  const gates: Gate<CircuitFormat>[] = [];
  const terms: { gate: number; cost: number }[] = [];
  const gate = (made: Gate<CircuitFormat>) => gates.push(made) - 1;
  const readers = net.map((_, at) => net.flatMap(({ inputs }, reader) => (inputs.includes(at) ? [reader] : [])));
  const direct = net.map(({ unit }, at) => (unit ? gate({ is: nameOf(at), formats: ['w8a8'] }) : -1));
  const leads: number[] = [];
  for (const at of [...net.keys()].reverse()) {
    leads[at] = gate({ or: readers[at].map((reader) => (net[reader].unit ? direct[reader] : leads[reader])) });
  }
  const stores: number[] = [];
  for (const [at, { unit, inputs }] of net.entries()) {
    const reads = readers[at].map((reader) => (net[reader].unit ? direct[reader] : leads[reader]));
    const reached = () => gate({ or: inputs.map((input) => stores[input]) });
    stores[at] = unit ? gate({ and: [direct[at], ...reads] }) : gate({ and: [reached(), leads[at]] });
    if (!unit) terms.push({ gate: stores[at], cost: -0.002 * source.uniform() });
  }
  for (const at of net.keys()) {
    if (readers[at].length === 0) continue;
    const integer = readers[at].map((reader) => (net[reader].unit ? direct[reader] : stores[reader]));
    const floats = integer.map((read) => gate({ not: read }));
    const boundary = 0.012 * source.uniform() + 0.001;
    const quantized = [gate({ or: integer }), gate({ not: stores[at] })];
    const dequantized = [stores[at], gate({ or: floats })];
    terms.push({ gate: gate({ and: quantized }), cost: boundary });
    terms.push({ gate: gate({ and: dequantized }), cost: boundary });
  }
  return { ...itemsOf(net, formats, source), cost: { base: 0.05, ...costsOf(net, formats, source), gates, terms } };
}

function nameOf(at: number): string {
  return `unit${at}`;
}

function costsOf(net: readonly Operator[], formats: readonly CircuitFormat[], source: Random) {
  const units = [...net.keys()].filter((at) => net[at].unit);
  const items = units.map((at) => {
    const float = (0.4 + 1.2 * source.uniform()) / units.length;
    let cost = float;
    const costs: Partial<Record<CircuitFormat, number>> = {};
    for (const format of formats) {
      costs[format] = cost;
      cost *= 0.3 + 0.6 * source.uniform();
    }
    return { name: nameOf(at), costs };
  });
  return { items };
}

/** Scores over three orders of magnitude, as sensitivities have, larger down the ladder. */
function itemsOf(net: readonly Operator[], formats: readonly CircuitFormat[], source: Random) {
  const scale = net.map(() => 10 ** (-3 * source.uniform()));
  const step = net.map(() => 1.5 + 4 * source.uniform());
  const score = (item: string, format: CircuitFormat) => {
    const at = Number(item.slice('unit'.length));
    const depth = formats.indexOf(format);
    return depth === 0 ? 0 : scale[at] * step[at] ** (depth - 1);
  };
  return { ladder: () => formats, score };
}
