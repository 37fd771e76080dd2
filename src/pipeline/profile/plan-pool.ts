import { type Random, random } from '../../kernel/random.js';
import { type Circuit, eventsIn, type Item } from '../../latency/circuit.js';
import type { Event } from '../../latency/event.js';
import type { Format } from '../../quantize/formats.js';

/** A format for each unit group. */
export type Choice = Readonly<Record<string, Format>>;

export interface PoolRequest {
  readonly circuit: Circuit;
  readonly count: number;
  readonly seed: number;
}

/** Random plans among which those that show new events are looked for. */
const POOL = 256;
/** Shares of units that leave the format around them. */
const RATES = [0.1, 0.25, 0.5, 0.75, 0.9];

/** Each format everywhere it can be had, float first. */
export function uniformPlans({ items }: Circuit): readonly Choice[] {
  const formats = new Set<Format>(['float', ...items.flatMap(({ formats: own }) => own)]);
  return distinct([...formats].map((format) => everywhere(items, format)));
}

/**
 * The uniform plans and then, one after another, the random plan that makes happen most of what no plan before it did:
 * whatever costs time somewhere should be seen to cost it.
 */
export function coveringPlans({ circuit, count, seed }: PoolRequest): readonly Choice[] {
  const chosen = [...uniformPlans(circuit)];
  const seen = new Set<string>();
  const see = (events: readonly Event[]) => {
    for (const { name, category } of events) seen.add(name).add(category);
  };
  for (const plan of chosen) see(eventsIn(circuit, plan));
  const pool = distinct(randomPlans({ circuit, count: POOL, seed })).map((plan) => ({
    plan,
    events: eventsIn(circuit, plan),
  }));
  while (chosen.length < count) {
    const news = pool.map(({ events }) => newsIn(events, seen));
    const most = Math.max(0, ...news);
    if (most === 0) break;
    const { plan, events } = pool[news.indexOf(most)];
    chosen.push(plan);
    see(events);
  }
  return chosen;
}

/** Events not yet seen, each of a kind not yet seen for a hundred: of those there is no line to guess by. */
function newsIn(events: readonly Event[], seen: ReadonlySet<string>): number {
  const kinds = new Set(events.map(({ category }) => category).filter((category) => !seen.has(category)));
  return 100 * kinds.size + events.filter(({ name }) => !seen.has(name)).length;
}

/** Plans such as a search meets: connected regions, and units scattered at several rates, in turn. */
export function randomPlans({ circuit: { items }, count, seed }: PoolRequest): readonly Choice[] {
  const source = random(seed);
  return Array.from({ length: count }, (_, i) => (i % 2 === 0 ? regions(items, source) : scattered(items, source, i)));
}

/** `count` plans, the uniform ones (but float) first, all different. */
export function mixedPlans(request: PoolRequest): readonly Choice[] {
  const uniform = uniformPlans(request.circuit);
  const [float] = uniform;
  const others = randomPlans({ ...request, count: 4 * request.count });
  return distinct([...uniform, ...others])
    .filter((plan) => keyOf(plan) !== keyOf(float))
    .slice(0, request.count);
}

function everywhere(items: readonly Item[], format: Format): Choice {
  return Object.fromEntries(items.map(({ name, formats }) => [name, formats.includes(format) ? format : formats[0]]));
}

/** One to four stretches of neighbours, each in a format of its own. */
function regions(items: readonly Item[], source: Random): Choice {
  const formats = formatsOf(items);
  let plan = everywhere(items, pick(formats, source));
  for (let left = 1 + source.below(4); left > 0; left--) {
    const ends = [source.below(items.length + 1), source.below(items.length + 1)].sort((a, b) => a - b);
    plan = { ...plan, ...everywhere(items.slice(ends[0], ends[1]), pick(formats, source)) };
  }
  return plan;
}

function scattered(items: readonly Item[], source: Random, turn: number): Choice {
  const formats = formatsOf(items);
  const [around, other] = [pick(formats, source), pick(formats, source)];
  const rate = RATES[(turn >> 1) % RATES.length];
  const apart = other === around ? formats[(formats.indexOf(around) + 1) % formats.length] : other;
  const leaving = items.filter(() => source.uniform() < rate);
  return { ...everywhere(items, around), ...everywhere(leaving, apart) };
}

function formatsOf(items: readonly Item[]): readonly Format[] {
  return [...new Set(items.flatMap(({ formats }) => formats))];
}

function pick<T>(items: readonly T[], source: Random): T {
  return items[source.below(items.length)];
}

function distinct(plans: readonly Choice[]): readonly Choice[] {
  return [...new Map(plans.map((plan) => [keyOf(plan), plan])).values()];
}

function keyOf(plan: Choice): string {
  return JSON.stringify(Object.entries(plan));
}
