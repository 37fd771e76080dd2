import type { Model } from '../../graph/model.js';
import { circuitOf, type Ladders } from '../../latency/circuit.js';
import type { Event } from '../../latency/event.js';
import type { TableRow } from '../../latency/latency-table.js';
import { missingRows, missingRowsWarning } from '../../latency/missing-rows.js';
import { sizesFor } from '../../latency/sizes.js';
import type { Target } from '../../latency/target.js';
import { type UnitCosts, unitCosts } from '../../latency/unit-costs.js';
import type { UnitShape } from '../../latency/unit-shape.js';
import { unitShapes, withSizes } from '../../latency/unit-shapes.js';
import type { Format } from '../../quantize/formats.js';
import type { Network } from '../../quantize/network.js';
import { type CostModel, costOf } from '../../search/cost-model.js';
import type { PlanLatency } from './plan-latency.js';

export interface EstimateQuestion {
  readonly net: Network;
  readonly model: Model;
  readonly target: Target;
  readonly ladders: Ladders;
  /** The user's own: they stand above the target's. */
  readonly rows?: readonly TableRow[];
}

/** Latencies for a target that cannot be measured here: units and boundaries by its rates, rows or counts. */
export function estimateLatency({ net, model, target, ladders, rows }: EstimateQuestion): PlanLatency {
  const sized = withSizes(model);
  const circuit = circuitOf(net, ladders, sizesFor(sized, {}));
  const costs = unitCosts(target, rows ? { rows } : {});
  const { shapes } = unitShapes(model);
  const items = circuit.items.map(({ name, formats }) => {
    const units = net.units.filter(({ group }) => group === name);
    const cost = (format: Format) =>
      units.reduce((total, unit) => total + unitCost(costs, shapes.get(unit.name), format), 0);
    return { name, costs: Object.fromEntries(formats.map((format) => [format, cost(format)])) };
  });
  const terms = circuit.events.flatMap(({ event, gate }) => {
    const cost = boundaryCost(costs, event, target);
    return cost > 0 ? [{ gate, cost }] : [];
  });
  const absolute: CostModel<Format> = { base: 0, items, gates: circuit.gates, terms };
  const baseline = costOf(absolute, new Map(circuit.items.map(({ name, formats }) => [name, formats[0]])));
  return {
    model: relativeTo(absolute, baseline),
    baselineMs: baseline,
    label: 'estimated',
    notes: notesOf(target, rows, shapes, ladders),
  };
}

function unitCost(costs: UnitCosts, shape: UnitShape | undefined, format: Format): number {
  const found = shape && costs.cost(shape, format);
  return found && found.source !== 'none' ? found.cost : 0;
}

/** What crosses a boundary is read at one width and written at the other. */
function boundaryCost(costs: UnitCosts, { kind, elements = 0 }: Event, target: Target): number {
  if (kind !== 'quantize' && kind !== 'dequantize') return 0;
  const floatBits = target.costs.source === 'roofline' ? target.costs.floatBits : 32;
  return costs.boundary(elements, floatBits, target.followerBits) ?? 0;
}

function relativeTo({ items, gates, terms }: CostModel<Format>, baseline: number): CostModel<Format> {
  const share = (costs: Readonly<Partial<Record<Format, number>>>) =>
    Object.fromEntries(Object.entries(costs).map(([format, cost]) => [format, cost / baseline]));
  return {
    base: 0,
    items: items.map(({ name, costs }) => ({ name, costs: share(costs) })),
    gates,
    terms: terms.map(({ gate, cost }) => ({ gate, cost: cost / baseline })),
  };
}

function notesOf(
  { name, costs }: Target,
  given: EstimateQuestion['rows'],
  shapes: ReadonlyMap<string, UnitShape>,
  ladders: Ladders,
): readonly string[] {
  const estimated = costs.source === 'measured' ? [] : [`latencies on ${name} are estimated: nothing ran there`];
  const rows = given ?? (costs.source === 'table' ? costs.rows : undefined);
  if (!rows) return estimated;
  const wanted = [...shapes].map(([unit, shape]) => ({ name: unit, shape, formats: ladders[unit] ?? [] }));
  const missing = missingRowsWarning(missingRows(rows, wanted));
  return missing === undefined ? estimated : [...estimated, missing];
}
