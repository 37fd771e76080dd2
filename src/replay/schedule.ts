import type { Network } from '../quantize/network.js';
import type { Unit } from '../quantize/unit.js';
import { between, type Cone, type Flow, following, madeBy } from './flow.js';

/** A unit group, what follows from it, and where the model is cut before that. */
export interface Site {
  readonly group: string;
  readonly units: readonly Unit[];
  /** Values that the group changes. */
  readonly made: ReadonlySet<string>;
  /** Values that what follows reads, made elsewhere; and the model's outputs that do not follow. Sorted. */
  readonly cut: readonly string[];
}

/** A site in its turn. */
export interface Turn extends Site {
  /** Values of all cuts that are there when it comes. */
  readonly before: ReadonlySet<string>;
  /** Values of its own cut that are not. */
  readonly fresh: readonly string[];
  /** What makes them of those before. */
  readonly step: Cone;
}

export interface Schedule {
  readonly turns: readonly Turn[];
  /** Last turn at which a value is read. */
  lastUse(value: string): number;
}

/** The groups that are asked for, by their first unit's place in the graph. */
export function sitesOf(net: Network, flow: Flow, groups: ReadonlySet<string>): readonly Site[] {
  const members = new Map<string, Unit[]>();
  for (const unit of net.units) {
    if (groups.has(unit.group)) members.set(unit.group, [...(members.get(unit.group) ?? []), unit]);
  }
  return [...members].map(([group, units]) => siteOf(group, units, flow));
}

function siteOf(group: string, units: readonly Unit[], flow: Flow): Site {
  const names = new Set(units.map(({ name }) => name));
  const region = following(
    flow,
    flow.graph.nodes.filter((node) => names.has(node.name)),
  );
  const made = madeBy(region);
  const outputs = flow.graph.outputs.map(({ name }) => name);
  const read = [...region.flatMap(flow.reads), ...outputs].filter((value) => !made.has(value));
  return { group, units, made, cut: [...new Set(read)].sort() };
}

/**
 * Each site's cut is made of the cuts before it. A value that follows from no unit at all, as one of a parallel branch,
 * is made when the first cut needs it, and kept until the last one does.
 */
export function scheduleOf(sites: readonly Site[], flow: Flow): Schedule {
  const there = new Set(flow.graph.inputs.map(({ name }) => name));
  const lastUse = new Map<string, number>();
  const turns = sites.map((site, turn) => {
    const before = new Set(there);
    const fresh = site.cut.filter((value) => !before.has(value));
    const step = between(flow, before, fresh);
    for (const value of [...site.cut, ...step.inputs]) lastUse.set(value, turn);
    for (const value of fresh) there.add(value);
    return { ...site, before, fresh, step };
  });
  return { turns, lastUse: (value) => lastUse.get(value) ?? -1 };
}
