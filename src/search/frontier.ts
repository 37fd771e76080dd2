import { costOf } from './cost-model.js';
import type { Limits } from './highs.js';
import { minimise, type Solution } from './minimise.js';
import { itemsOf, type Problem, startAssignment } from './problem.js';
import type { Assignment, SearchResult } from './space.js';

/** Whether an assignment holds the floor, measured. */
export type Judge<F extends string> = (assignment: Assignment<F>) => Promise<{ readonly holds: boolean }>;

export interface FrontierOptions {
  /** Assignments that may be judged. */
  readonly maxEvaluations?: number;
  /** Assignments that cost as much or more are never judged; by default what the starts of all ladders cost. */
  readonly below?: number;
  readonly limits?: Limits;
}

/** An assignment that was judged, and how near it is to the least cost at its damage. */
export interface Judged<F extends string> extends Solution<F> {
  readonly holds: boolean;
}

export interface FrontierResult<F extends string> extends SearchResult<F> {
  /** Every assignment that was judged: those that hold first, the cheapest first among them. */
  readonly candidates: readonly Judged<F>[];
  readonly evaluations: number;
}

/** Where the search stands. */
interface Bracket {
  /** Bound on damage up to which plans are known to hold. */
  readonly holds: number;
  /** Least damage of a plan that failed. */
  readonly fails: number;
  /** Cost of the cheapest plan that holds. */
  readonly cost: number;
}

interface Proposal<F extends string> {
  readonly solution: Solution<F>;
  /** The bound on damage for which it is the solution. */
  readonly tau: number;
}

type Solve<F extends string> = (tau: number) => Promise<Solution<F> | undefined>;

/** The middle of some hundred steps of damage is found in 7 judgements; as many again settle what lies between two steps. */
export const MAX_EVALUATIONS = 16;
/** Damages closer than this, relatively, are the same: sums of the same scores in another order. */
const SAME = 1e-9;

/**
 * Minimises cost subject to damage <= tau and bisects tau against what is measured. The cheapest plan of all comes first,
 * since it often holds; then the bound is bisected over the damages that an order by score passes through, and between two of
 * those by its value, until no plan with less damage than those that failed is cheaper than the cheapest that holds.
 * A solution answers for every bound from its own damage up to the one it was asked for: no plan is judged twice.
 *
 * @returns The cheapest assignment that was judged to hold, or the start of all ladders, which counts as holding unjudged.
 */
export async function frontier<F extends string>(
  problem: Problem<F>,
  judge: Judge<F>,
  options: FrontierOptions = {},
): Promise<FrontierResult<F>> {
  const { maxEvaluations = MAX_EVALUATIONS } = options;
  const start = startAssignment(problem);
  const solve = remembering(problem, options.limits);
  const steps = stepsOfDamage(problem);
  const candidates: Judged<F>[] = [];
  let bracket: Bracket = {
    holds: problem.damage.damage(start),
    fails: Number.POSITIVE_INFINITY,
    cost: options.below ?? costOf(problem.cost, start),
  };
  while (candidates.length < maxEvaluations) {
    const proposal = await propose(solve, steps, bracket);
    if (!proposal) return resultOf(start, candidates, 'no plan that is left costs less than what holds');
    const { holds } = await judge(proposal.solution.assignment);
    candidates.push({ ...proposal.solution, holds });
    bracket = narrowed(bracket, proposal, holds);
  }
  return resultOf(start, candidates, 'no more may be judged');
}

function narrowed<F extends string>(bracket: Bracket, { solution, tau }: Proposal<F>, holds: boolean): Bracket {
  if (!holds) return { ...bracket, fails: solution.damage };
  return { ...bracket, holds: Math.max(bracket.holds, Math.min(tau, bracket.fails)), cost: solution.cost };
}

/** The plan to judge next: cheaper than what holds and less damaging than what failed. Nothing when there is none. */
async function propose<F extends string>(
  solve: Solve<F>,
  steps: readonly number[],
  { holds, fails, cost }: Bracket,
): Promise<Proposal<F> | undefined> {
  const below = fails - (fails < Number.POSITIVE_INFINITY ? SAME * Math.abs(fails) : 0);
  const last = await solve(below);
  if (!last || last.cost >= cost) return undefined;
  if (fails === Number.POSITIVE_INFINITY) return { solution: last, tau: below };
  let open = steps.filter((step) => step > holds && step < last.damage);
  for (let low = holds; ; ) {
    const tau = open.length > 0 ? open[open.length >> 1] : (low + last.damage) / 2;
    const solution = await solve(tau);
    if (solution && solution.cost < cost) return { solution, tau };
    if (open.length === 0) return { solution: last, tau: below };
    low = tau;
    open = open.filter((step) => step > tau);
  }
}

/** Solutions by their bound, each asked for once. */
function remembering<F extends string>(problem: Problem<F>, limits?: Limits): Solve<F> {
  const known = new Map<number, Promise<Solution<F> | undefined>>();
  return (atMost) => {
    const solution = known.get(atMost) ?? minimise({ ...problem, atMost, ...(limits ? { limits } : {}) });
    known.set(atMost, solution);
    return solution;
  };
}

/** The damages that an order by score passes through: sums of the steps down all ladders, the least first, ascending. */
function stepsOfDamage<F extends string>(problem: Problem<F>): readonly number[] {
  const start = startAssignment(problem);
  const rises = itemsOf(problem).flatMap((item) => {
    const alone = problem.ladder(item).map((format) => problem.damage.change(start, item, format));
    return alone.slice(1).map((damage, at) => Math.max(0, damage - alone[at]));
  });
  let total = problem.damage.damage(start);
  return rises
    .sort((a, b) => a - b)
    .map((rise) => {
      total += rise;
      return total;
    });
}

function resultOf<F extends string>(
  start: Assignment<F>,
  judged: readonly Judged<F>[],
  why: string,
): FrontierResult<F> {
  const candidates = [...judged].sort((a, b) => Number(b.holds) - Number(a.holds) || a.cost - b.cost);
  const held = candidates.filter(({ holds }) => holds);
  const unproven = candidates.filter(({ optimal }) => !optimal).length;
  const doubt = unproven > 0 ? `; ${unproven} not proven to be the cheapest of their damage` : '';
  const assignment = held[0]?.assignment ?? start;
  return {
    candidates,
    assignment,
    reason: reasonOf(held.length, judged.length, why) + doubt,
    evaluations: judged.length,
  };
}

function reasonOf(held: number, judged: number, why: string): string {
  if (judged === 0) return 'no plan is predicted to cost less than the start of all ladders';
  if (held === 1 && judged === 1) return 'the cheapest plan of all holds the floor';
  return `${held} of ${judged} plans hold the floor; ${why}`;
}
