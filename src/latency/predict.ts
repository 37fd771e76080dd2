import type { Costs } from './costs.js';
import type { Event } from './event.js';
import { nonNegativeLeastSquares } from './non-negative.js';

/** A plan whose latency relative to float was measured, both in turns. */
export interface MeasuredPlan {
  readonly events: readonly Event[];
  readonly ratio: number;
  /** Half the width of the ratio's 95 % interval, as a share of it; plans measured badly count less. */
  readonly spread?: number;
}

/**
 * T(plan) = rest + events, each cost times the factor of its group, and a price for each executed operator; relative to
 * the same sum for float. Plain data.
 */
export interface Prediction {
  readonly costs: Costs;
  /** Group -> factor on profiled times. 1 says that whole runs agree with the profile. */
  readonly factors: Readonly<Record<string, number>>;
  /** What an operator costs beside its profiled time, in times of float's profile. */
  readonly perOperator: number;
  /** T of the float plan: the unit of what is predicted. */
  readonly float: number;
}

const REST = 'rest';

/** Kinds of cost that share a factor: few enough for a dozen plans to tell them apart. */
export function factorGroup(event: Event): string {
  switch (event.kind) {
    case 'unit':
      return `unit ${event.name.slice(event.name.lastIndexOf(' ') + 1)}`;
    case 'follower':
      return event.name.endsWith(' float') ? 'follower float' : 'follower integer';
    default:
      return event.kind;
  }
}

/** The prediction before any plan was measured: profiled times as they are. */
export function unfitted(costs: Costs, float: readonly Event[]): Prediction {
  return withFloat({ costs, factors: {}, perOperator: 0, float: 1 }, float);
}

/** What is believed before plans are measured, as standard deviations: without data nothing moves. */
const BELIEF = {
  /** Of a factor around 1. */
  factor: 0.25,
  /** Of all that float's operators cost beside their profiled times, around 0, as a share of float. */
  operators: 0.1,
  /** Of a plan's ratio around the right prediction, measured without error. */
  model: 0.03,
} as const;

/**
 * The prediction after plans were measured: non-negative least squares of relative errors, in which what was believed
 * before counts as further rows (ridge regression around 1). `float` are the float plan's events: their ratio is 1 by
 * definition.
 */
export function fitFactors(plans: readonly MeasuredPlan[], costs: Costs, float: readonly Event[]): Prediction {
  const measured = [...plans, { events: float, ratio: 1 }];
  const sums = measured.map(({ events }) => groupSums(costs, events));
  const groups = [...new Set(sums.flatMap((sum) => [...sum.groups.keys()]))];
  const evidence = measured.map(({ ratio, spread = 0 }, i) => {
    const weight = 1 / (ratio * Math.hypot(BELIEF.model, spread / 2));
    const row = [...groups.map((group) => sums[i].groups.get(group) ?? 0), sums[i].operators];
    return { row: row.map((value) => value * weight), target: ratio * weight };
  });
  const rows = [...evidence, ...beliefs(groups.length, sums[sums.length - 1].operators)];
  const solved = nonNegativeLeastSquares(
    rows.map(({ row }) => row),
    rows.map(({ target }) => target),
  );
  const factors = Object.fromEntries(groups.map((group, j) => [group, solved[j]]));
  return withFloat({ costs, factors, perOperator: solved[groups.length], float: 1 }, float);
}

/** One row for each unknown: factors, then the price of an operator. */
function beliefs(groups: number, operators: number) {
  return Array.from({ length: groups + 1 }, (_, j) => {
    const weight = j < groups ? 1 / BELIEF.factor : operators / BELIEF.operators;
    return {
      row: Array.from({ length: groups + 1 }, (_each, k) => (k === j ? weight : 0)),
      target: j < groups ? weight : 0,
    };
  });
}

/** Predicted latency relative to float. */
export function predict(prediction: Prediction, events: readonly Event[]): number {
  const { costs } = prediction;
  const rest = costs.rest.time * (prediction.factors[REST] ?? 1) + costs.rest.operators * prediction.perOperator;
  return (rest + events.reduce((total, event) => total + timeOf(prediction, event), 0)) / prediction.float;
}

/** What one event adds to the ratio. */
export function eventShare(prediction: Prediction, event: Event): number {
  return timeOf(prediction, event) / prediction.float;
}

/** What belongs to no event, as a share of float. */
export function restShare(prediction: Prediction): number {
  return predict(prediction, []);
}

function timeOf({ costs, factors, perOperator }: Prediction, event: Event): number {
  const cost = costs.events[event.name];
  if (!cost) throw new RangeError(`no cost for ${event.name}`);
  return cost.time * (factors[factorGroup(event)] ?? 1) + cost.operators * perOperator;
}

function withFloat(prediction: Prediction, float: readonly Event[]): Prediction {
  return { ...prediction, float: predict(prediction, float) };
}

interface GroupSums {
  readonly groups: ReadonlyMap<string, number>;
  readonly operators: number;
}

function groupSums({ rest, events: costs }: Costs, events: readonly Event[]): GroupSums {
  const groups = new Map<string, number>([[REST, rest.time]]);
  let { operators } = rest;
  for (const event of events) {
    const group = factorGroup(event);
    const cost = costs[event.name];
    if (!cost) throw new RangeError(`no cost for ${event.name}`);
    groups.set(group, (groups.get(group) ?? 0) + cost.time);
    operators += cost.operators;
  }
  return { groups, operators };
}

/** Sum of isolated kernel times over units, relative to all of them in float: what boundaries and fusions are blind to. */
export function naiveRatio(
  formats: Readonly<Record<string, string>>,
  isolatedMs: Readonly<Record<string, Readonly<Record<string, number>>>>,
): number {
  const names = Object.keys(formats);
  const total = (format: (name: string) => string) =>
    names.reduce((sum, name) => sum + (isolatedMs[name]?.[format(name)] ?? 0), 0);
  return total((name) => formats[name]) / total(() => 'float');
}
