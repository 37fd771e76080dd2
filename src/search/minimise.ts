import { costOf } from './cost-model.js';
import { exactly } from './exact.js';
import type { Limits } from './highs.js';
import { localSearch } from './local-search.js';
import type { Problem } from './problem.js';
import type { Assignment } from './space.js';

/**
 * Circuits of 50 to 100 units take about a hundred nodes and a second at most; where a proof takes longer, the gap that is left is
 * said instead.
 */
export const DEFAULT_LIMITS: Limits = { nodes: 2_000, seconds: 20 };

export interface Question<F extends string> extends Problem<F> {
  /** The most damage that is allowed; infinite where any is. */
  readonly atMost: number;
  readonly limits?: Limits;
}

export interface Solution<F extends string> {
  readonly assignment: Assignment<F>;
  readonly cost: number;
  readonly damage: number;
  /** No assignment within the bound on damage costs less; at most `cost`. */
  readonly bound: number;
  /** Whether `assignment` is proven to cost least, but for 1e-9 of the largest cost in the model. */
  readonly optimal: boolean;
}

/**
 * The assignment of least cost with damage <= atMost. Exact, by a mixed-integer program, where damage adds or is convex and
 * the proof ends within the limits; else the best of that and of a local search, with the bound that was proven.
 *
 * The same problem has the same solution each time, unless the limit of seconds is met: which of them it was, `optimal` says.
 *
 * @returns Nothing when no assignment has so little damage, or none was found.
 */
export async function minimise<F extends string>(question: Question<F>): Promise<Solution<F> | undefined> {
  const { atMost, limits = DEFAULT_LIMITS, ...problem } = question;
  const proven = await exactly(problem, atMost, limits);
  if (!proven) return undefined;
  const { bound, optimal } = proven;
  if (optimal && proven.assignment) return solutionOf(problem, proven.assignment, bound, optimal);
  const found = await localSearch(problem, atMost, proven.assignment ? [proven.assignment] : []);
  return found && solutionOf(problem, found, bound, optimal);
}

function solutionOf<F extends string>(
  problem: Problem<F>,
  assignment: Assignment<F>,
  bound: number,
  optimal: boolean,
): Solution<F> {
  const cost = costOf(problem.cost, assignment);
  const damage = problem.damage.damage(assignment);
  return { assignment, cost, damage, bound: Math.min(bound, cost), optimal };
}
