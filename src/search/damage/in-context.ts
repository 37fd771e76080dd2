import { additive, type DamageModel, type Support } from '../damage-model.js';
import type { Assignment } from '../space.js';
import type { Perturbation } from './perturbations.js';

/** What was measured around an assignment: its damage, and the damage with one item changed. */
export interface Context<F extends string> {
  readonly assignment: Assignment<F>;
  readonly damage: number;
  readonly changed: readonly (Perturbation<F> & { readonly damage: number })[];
}

/**
 * A model that is right where it was measured: at an assignment and at those that differ from it in one item. Elsewhere each
 * changed item adds what its prediction was short of, so that the interactions of changed items are the model's
 * own. What is added is a sum over items: a model that has supports keeps them.
 */
export function inContext<F extends string>(model: DamageModel<F>, context: Context<F>): DamageModel<F> {
  const { assignment: around, damage } = context;
  const offset = damage - model.damage(around);
  const missed = new Map<string, number>();
  for (const { item, format, damage: measured } of context.changed) {
    missed.set(keyOf(item, format), measured - damage - model.change(around, item, format));
  }
  const correction = additive<F>((item, format) =>
    around.get(item) === format ? 0 : (missed.get(keyOf(item, format)) ?? 0),
  );
  const lifted = (support: Support<F>): Support<F> => ({
    constant: support.constant + offset,
    slope: (item, format) => support.slope(item, format) + correction.change(NOTHING, item, format),
  });
  const { support, supportAt } = model;
  return {
    damage: (assignment) => model.damage(assignment) + offset + correction.damage(assignment),
    change: (assignment, item, format) =>
      model.change(assignment, item, format) + correction.change(assignment, item, format),
    ...(support && { support: (assignment) => lifted(support(assignment)) }),
    ...(supportAt && { supportAt: (share) => lifted(supportAt(share)) }),
  };
}

const NOTHING = new Map<string, never>();

function keyOf(item: string, format: string): string {
  return JSON.stringify([item, format]);
}
