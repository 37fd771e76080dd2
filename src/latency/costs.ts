import { mean, median } from '../kernel/statistics.js';
import type { Attribution } from './attribute.js';
import type { Event } from './event.js';
import { nonNegativeLeastSquares } from './non-negative.js';

/** One plan's profile, and the float model's taken beside it. */
export interface Observation {
  readonly events: readonly Event[];
  readonly attribution: Attribution;
  /** The float profile's total in milliseconds. */
  readonly floatMs: number;
}

/** Where an event's cost comes from: its own profile, an event of the same shape, or the line of its category. */
export type CostSource = 'measured' | 'same shape' | 'line';

export interface EventCost {
  /** In times of the float model's profile. */
  readonly time: number;
  /** Executed operators. */
  readonly operators: number;
  readonly source: CostSource;
}

/** `base + slope * elements`, in times of float. */
interface Line {
  readonly base: number;
  readonly slope: number;
}

/** What each event costs, all relative to the float model's profile. Plain data. */
export interface Costs {
  readonly rest: { readonly time: number; readonly operators: number };
  readonly events: Readonly<Record<string, EventCost>>;
  /** Events whose cost was not measured but taken from their category's line; their shapes were never profiled. */
  readonly interpolated: readonly string[];
}

interface Seen {
  readonly event: Event;
  readonly time: number;
  readonly operators: number;
}

/** Costs of `wanted` events (all of a circuit, say) from profiles in which most of them happened. */
export function costsFrom(observations: readonly Observation[], wanted: readonly Event[]): Costs {
  const seen = seenEvents(observations);
  const shapes = groupedBy([...seen.values()], ({ event }) => shapeOf(event));
  const categories = new Map(
    [...groupedBy([...seen.values()], ({ event }) => event.category)].map(([category, of]) => [
      category,
      { line: lineOf(of), operators: mean(of.map((one) => one.operators)) },
    ]),
  );
  const events = wanted.map((event): readonly [string, EventCost] => {
    const own = seen.get(event.name);
    if (own) return [event.name, { time: own.time, operators: own.operators, source: 'measured' }];
    const alike = shapes.get(shapeOf(event));
    if (alike) return [event.name, { ...average(alike), source: 'same shape' }];
    const category = categories.get(event.category);
    const time = category ? category.line.base + category.line.slope * (event.elements ?? 0) : 0;
    return [event.name, { time, operators: category?.operators ?? 0, source: 'line' }];
  });
  return {
    rest: restOf(observations),
    events: Object.fromEntries(events),
    interpolated: events.filter(([, { source }]) => source === 'line').map(([name]) => name),
  };
}

function seenEvents(observations: readonly Observation[]): ReadonlyMap<string, Seen> {
  const times = new Map<string, { event: Event; times: number[]; operators: number[] }>();
  for (const { events, attribution, floatMs } of observations) {
    for (const event of events) {
      const found = times.get(event.name) ?? { event, times: [], operators: [] };
      found.times.push(attribution.events[event.name] / floatMs);
      found.operators.push(attribution.operators[event.name]);
      times.set(event.name, found);
    }
  }
  const middle = ({ event, times: all, operators }: { event: Event; times: number[]; operators: number[] }) => ({
    event,
    time: median(all),
    operators: mean(operators),
  });
  return new Map([...times].map(([name, found]) => [name, middle(found)]));
}

function restOf(observations: readonly Observation[]): Costs['rest'] {
  return {
    time: median(observations.map(({ attribution, floatMs }) => attribution.rest / floatMs)),
    operators: median(observations.map(({ attribution }) => attribution.restNodes.length)),
  };
}

function shapeOf({ category, shape }: Event): string {
  return `${category} ${shape}`;
}

function average(alike: readonly Seen[]) {
  return { time: mean(alike.map(({ time }) => time)), operators: mean(alike.map(({ operators }) => operators)) };
}

/** Least squares with neither part below 0, relative to each event's own size so that small ones count too. */
function lineOf(seen: readonly Seen[]): Line {
  const known = seen.filter(({ event }) => event.elements !== undefined);
  if (known.length < 2) return { base: mean(seen.map(({ time }) => time)), slope: 0 };
  const largest = Math.max(...known.map(({ event }) => event.elements ?? 0));
  const rows = known.map(({ event }) => [1, (event.elements ?? 0) / largest]);
  const [base, slope] = nonNegativeLeastSquares(
    rows,
    known.map(({ time }) => time),
  );
  return { base, slope: slope / largest };
}

function groupedBy<T>(items: readonly T[], key: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}
