import type { Assignment } from './space.js';

/** Predicted damage of an assignment: the rise of the loss that its formats cause together. */
export interface DamageModel<F extends string> {
  damage(assignment: Assignment<F>): number;
  /** By how much the damage rises when one item goes to `format`; cheaper than two damages. */
  change(assignment: Assignment<F>, item: string, format: F): number;
  /**
   * Where damage is convex: a sum over items that lies at or below the damage everywhere and meets it at `assignment`.
   * With it an exact search can bound the damage by linear rows; where damage adds, one such sum is the damage itself.
   */
  readonly support?: (assignment: Assignment<F>) => Support<F>;
  /**
   * Where damage is convex in shares between formats too: such a sum at any shares, those of an item adding up to at most 1.
   * With it an exact search closes in on the bound by linear programs before it asks for whole formats.
   */
  readonly supportAt?: (share: Share<F>) => Support<F>;
}

/** How much of an item is in a format, from 0 to 1. */
export type Share<F extends string> = (item: string, format: F) => number;

/** constant + the sum over all items of slope(item, format). */
export interface Support<F extends string> {
  readonly constant: number;
  slope(item: string, format: F): number;
}

/** Damage that adds: each item by itself costs `score` in its format. */
export function additive<F extends string>(score: (item: string, format: F) => number): DamageModel<F> {
  return {
    damage: (assignment) => [...assignment].reduce((total, [item, format]) => total + score(item, format), 0),
    change: (assignment, item, format) => score(item, format) - scoreNow(assignment, item, score),
    support: () => ({ constant: 0, slope: score }),
  };
}

function scoreNow<F extends string>(
  assignment: Assignment<F>,
  item: string,
  score: (item: string, format: F) => number,
): number {
  const format = assignment.get(item);
  return format === undefined ? 0 : score(item, format);
}
