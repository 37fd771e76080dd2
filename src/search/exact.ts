import { excluded, supported } from './constrain.js';
import { type Formulation, formulate } from './formulate.js';
import { type Limits, type Solved, solveProgram } from './highs.js';
import type { LinearProgram } from './linear-program.js';
import { assign, type Problem, startAssignment } from './problem.js';
import { relaxed } from './relaxed.js';
import type { Assignment } from './space.js';

/** What the solver can say of a problem: no assignment costs less than `bound`, and perhaps an assignment within it. */
export interface Proven<F extends string> {
  readonly bound: number;
  readonly assignment?: Assignment<F>;
  /** Whether `assignment` is proven to cost least. */
  readonly optimal: boolean;
}

/** Assignments that the solver may propose and the damage model refuse before it is given up. */
const ROUNDS = 24;
/** Where there are more columns than these for formats, a proof under convex damage seldom ends: a local search is better. */
const FEW = 32;
const ROUNDS_OF_MANY = 2;

/**
 * Least cost with damage <= atMost by a mixed-integer program. Damage is bounded by its supports: exact by one where it
 * adds; where it is convex by those that its relaxation needs, and one more at each solution that is too damaging (outer
 * approximation; Duran and Grossmann, "An outer-approximation algorithm for a class of mixed-integer nonlinear programs",
 * 1986), which is excluded itself too, so that rounding cannot bring it back. Without supports the damage stays out, and
 * the cheapest of all is a bound still. The limit of seconds is that of all rounds together.
 *
 * @returns Nothing when no assignment has so little damage.
 */
export async function exactly<F extends string>(
  problem: Problem<F>,
  atMost: number,
  limits: Limits,
): Promise<Proven<F> | undefined> {
  const { damage } = problem;
  const started = performance.now();
  const formulation = formulate(problem);
  let program: LinearProgram | undefined = await relaxed(problem, formulation, atMost);
  if (!program) return undefined;
  let bound = Number.NEGATIVE_INFINITY;
  let assignment: Assignment<F> | undefined = startAssignment(problem);
  const rounds = formulation.columns.size * 2 <= FEW ? ROUNDS : ROUNDS_OF_MANY;
  for (let round = 0; round < rounds; round++) {
    if (damage.support && assignment) program = supported(program, formulation, damage.support(assignment), atMost);
    const seconds = Math.max(0, limits.seconds - (performance.now() - started) / 1000);
    const solved: Solved = await solveProgram(program, { ...limits, seconds });
    if (solved.status === 'infeasible') return undefined;
    bound = Math.max(bound, solved.bound);
    if (!solved.values) return { bound, optimal: false };
    assignment = read(problem, formulation, solved.values);
    if (damage.damage(assignment) <= atMost) return { bound, assignment, optimal: solved.status === 'optimal' };
    if (!damage.support) return { bound, optimal: false };
    program = excluded(program, formulation, assignment);
  }
  return { bound, optimal: false };
}

/** The assignment whose columns are 1. */
function read<F extends string>(problem: Problem<F>, { columns }: Formulation<F>, values: Float64Array): Assignment<F> {
  return assign(problem, (item) => {
    const [first, ...others] = problem.ladder(item);
    const worth = (format: F) => values[columns.get(item)?.get(format) ?? -1];
    return others.reduce((best, format) => (worth(format) > worth(best) ? format : best), first);
  });
}
