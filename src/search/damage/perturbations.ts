import { BitloomError } from '../../kernel/errors.js';
import type { Assignment } from '../space.js';

/** One item in one format: what changes the model, d_i(b) in formulas. */
export interface Perturbation<F extends string> {
  readonly item: string;
  readonly format: F;
}

/** Two perturbations, by number, of different items. */
export type Pair = readonly [number, number];

/** The perturbations whose damage is known, by number. */
export interface Perturbations<F extends string> {
  readonly list: readonly Perturbation<F>[];
  /** The number of a perturbation; -1 where the format leaves the item as it is. */
  indexOf(item: string, format: F): number;
  /** The perturbations of an assignment, ascending: sums over them are then the same to the last bit. */
  chosen(assignment: Assignment<F>): readonly number[];
}

/**
 * @param unchanged Formats that leave an item as it is in the model that damage is measured against.
 * @throws What is returned throws `no-damage` for a format that is neither listed nor unchanged: its damage is not 0.
 */
export function perturbationsOf<F extends string>(
  list: readonly Perturbation<F>[],
  unchanged: readonly F[],
): Perturbations<F> {
  const numbers = new Map<string, Map<F, number>>();
  for (const [number, { item, format }] of list.entries()) {
    numbers.set(item, (numbers.get(item) ?? new Map<F, number>()).set(format, number));
  }
  const indexOf = (item: string, format: F) => {
    const number = numbers.get(item)?.get(format);
    if (number !== undefined) return number;
    if (unchanged.includes(format)) return -1;
    throw unknownDamage(item, format);
  };
  const chosen = (assignment: Assignment<F>) =>
    [...assignment]
      .map(([item, format]) => indexOf(item, format))
      .filter((number) => number >= 0)
      .sort((a, b) => a - b);
  return { list, indexOf, chosen };
}

/** The number that an item has in an assignment; -1 where it is unchanged or has no format. */
export function numberIn<F extends string>(
  perturbations: Perturbations<F>,
  assignment: Assignment<F>,
  item: string,
): number {
  const format = assignment.get(item);
  return format === undefined ? -1 : perturbations.indexOf(item, format);
}

/** Remembers the last answer: searches ask for many changes of one assignment. Assignments are never changed in place. */
export function forLast<A extends object, T>(prepare: (asked: A) => T): (asked: A) => T {
  let last: { readonly asked: A; readonly answer: T } | undefined;
  return (asked) => {
    if (last?.asked !== asked) last = { asked, answer: prepare(asked) };
    return last.answer;
  };
}

function unknownDamage(item: string, format: string): BitloomError {
  return new BitloomError({
    kind: 'internal',
    code: 'no-damage',
    message: `no damage is known of item ${item} in format ${format}`,
  });
}
