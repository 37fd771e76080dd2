import { BitloomError } from '../kernel/errors.js';
import type { Assignment } from './space.js';

/**
 * Predicted time of a plan as a boolean circuit over the items' formats: `base`, what each item costs in its format, and
 * the cost of each gate that is true. A gate refers to gates before it only. Costs have one unit throughout (times of
 * float, as the latency room gives them); those of terms may be negative: what a follower wins at 8 bits.
 */
export interface CostModel<F extends string> {
  readonly base: number;
  readonly items: readonly { readonly name: string; readonly costs: Readonly<Partial<Record<F, number>>> }[];
  readonly gates: readonly Gate<F>[];
  readonly terms: readonly { readonly gate: number; readonly cost: number }[];
}

/** True when an item has one of the formats; when all, any or none of the gates are. `and` of nothing is true, `or` false. */
export type Gate<F extends string> =
  | { readonly is: string; readonly formats: readonly F[] }
  | { readonly and: readonly number[] }
  | { readonly or: readonly number[] }
  | { readonly not: number };

/** The cost of an assignment that gives every item of the model a format. */
export function costOf<F extends string>(model: CostModel<F>, assignment: Assignment<F>): number {
  const truths = truthsOf(model.gates, assignment);
  let cost = model.base;
  for (const item of model.items) cost += itemCost(item, assignment.get(item.name));
  for (const term of model.terms) if (truths[term.gate]) cost += term.cost;
  return cost;
}

/** What an item costs in a format, by itself. */
export function itemCost<F extends string>(item: CostModel<F>['items'][number], format: F | undefined): number {
  const cost = format === undefined ? undefined : item.costs[format];
  if (cost !== undefined) return cost;
  throw new BitloomError({
    kind: 'internal',
    code: 'no-cost',
    message: `no cost of item ${item.name} in format ${format ?? '(none)'}`,
  });
}

/** Whether each gate is true. */
export function truthsOf<F extends string>(gates: readonly Gate<F>[], assignment: Assignment<F>): readonly boolean[] {
  const truths: boolean[] = [];
  for (const gate of gates) truths.push(isTrue(gate, truths, assignment));
  return truths;
}

function isTrue<F extends string>(gate: Gate<F>, before: readonly boolean[], assignment: Assignment<F>): boolean {
  if ('is' in gate) return gate.formats.some((format) => assignment.get(gate.is) === format);
  if ('and' in gate) return gate.and.every((index) => before[index]);
  if ('or' in gate) return gate.or.some((index) => before[index]);
  return !before[gate.not];
}
