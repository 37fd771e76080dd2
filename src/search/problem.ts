import type { CostModel } from './cost-model.js';
import type { DamageModel } from './damage-model.js';
import type { Assignment } from './space.js';

/** What is to be minimised: the cost of an assignment whose damage stays within a bound. */
export interface Problem<F extends string> {
  readonly cost: CostModel<F>;
  readonly damage: DamageModel<F>;
  /** The formats an item may take, slowest first; the first is where it starts. */
  readonly ladder: (item: string) => readonly F[];
}

/** The items of a problem, in the order that every assignment keeps: sums of damage are then the same to the last bit. */
export function itemsOf<F extends string>({ cost }: Problem<F>): readonly string[] {
  return cost.items.map(({ name }) => name);
}

/** The assignment that gives each item a format. */
export function assign<F extends string>(problem: Problem<F>, format: (item: string) => F): Assignment<F> {
  return new Map(itemsOf(problem).map((item) => [item, format(item)]));
}

/** Every item at the start of its ladder. */
export function startAssignment<F extends string>(problem: Problem<F>): Assignment<F> {
  return assign(problem, (item) => problem.ladder(item)[0]);
}
