import { decideFollowers, type Formats, wire } from '../quantize/followers.js';
import type { Network } from '../quantize/network.js';
import { type Event, eventFactory } from './event.js';
import { BOOLEAN } from './logic.js';
import { type Sizes, sizesIn } from './sizes.js';
import { type Conditions, eventsWhere } from './where.js';

/** The events of one plan: what happens when the network's units have these formats, in graph order. */
export function eventsOf(net: Network, formats: Formats, sizes: Sizes = sizesIn(net.graph.types)): readonly Event[] {
  const found = eventsWhere(net, eventFactory(net, sizes), BOOLEAN, conditionsOf(net, formats));
  return found.map(({ event }) => event);
}

function conditionsOf(net: Network, formats: Formats): Conditions<boolean> {
  const followers = decideFollowers(net, formats);
  const wiring = wire(net, formats, followers);
  return {
    ladder: (unit) => [formats[unit.name]],
    is: (unit, among) => among.includes(formats[unit.name]),
    carried: (node) => typeof followers[node.name] === 'number',
    made: (value) => wiring.made.has(value),
    reads: (node, position, bits) => wiring.reads(node, position) === bits,
  };
}
