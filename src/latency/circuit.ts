import type { Format } from '../quantize/formats.js';
import type { Network } from '../quantize/network.js';
import type { Unit } from '../quantize/unit.js';
import { conditionsFor } from './carrying.js';
import { type Event, eventFactory } from './event.js';
import { circuitry, type Gate, gateValues } from './logic.js';
import { type Sizes, sizesIn } from './sizes.js';
import { eventsWhere } from './where.js';

export interface Item {
  /** Unit group: units that share a weight share their format. */
  readonly name: string;
  /** Formats that it may have. */
  readonly formats: readonly Format[];
}

/** The events of all plans of a network, as boolean functions of formats. Plain data. */
export interface Circuit {
  readonly items: readonly Item[];
  /** In topological order: a gate refers to earlier ones. */
  readonly gates: readonly Gate<Format>[];
  /** Events that happen in some plans and not in others. */
  readonly events: readonly { readonly event: Event; readonly gate: number }[];
  /** Events that happen in every plan. */
  readonly always: readonly Event[];
}

/** Formats by unit group; a group without any keeps float. */
export type Ladders = Readonly<Record<string, readonly Format[]>>;

export function circuitOf(net: Network, ladders: Ladders, sizes: Sizes = sizesIn(net.graph.types)): Circuit {
  const ladderOf = ({ group }: Unit) => ladders[group] ?? FLOAT;
  const items = new Map(net.units.map((unit) => [unit.group, ladderOf(unit)]));
  const circuit = circuitry(items);
  const found = eventsWhere(net, eventFactory(net, sizes), circuit, conditionsFor(net, ladderOf, circuit));
  return {
    items: [...items].map(([name, formats]) => ({ name, formats })),
    gates: circuit.gates,
    events: found.flatMap(({ event, when }) => (typeof when === 'number' ? [{ event, gate: when }] : [])),
    always: found.flatMap(({ event, when }) => (when === true ? [event] : [])),
  };
}

const FLOAT: readonly Format[] = ['float'];

/** The events that happen when the items have these formats. */
export function eventsIn(circuit: Circuit, formats: Readonly<Record<string, Format>>): readonly Event[] {
  const values = gateValues(circuit.gates, formats);
  return [...circuit.always, ...circuit.events.filter(({ gate }) => values[gate]).map(({ event }) => event)];
}
