import { costOf } from './cost-model.js';
import type { Judge } from './frontier.js';
import { itemsOf, type Problem } from './problem.js';
import type { Assignment } from './space.js';

export interface SwapRepair<F extends string> {
  readonly assignment: Assignment<F>;
  /** Whether it is another one than the search began with. */
  readonly improved: boolean;
  readonly reason: string;
  readonly evaluations: number;
}

/** Plans that may be judged. */
export const MAX_SWAPS = 6;
/** Plans that miss the floor one after the other before it is given up. */
const PATIENCE = 3;
/** Cheaper by less than this part of the cost is rounding. */
const GAIN = 1e-9;

/**
 * From a plan that holds, goes to cheaper ones that differ in one item, or in two of which one is raised and the other
 * lowered: the least predicted damage first, each judged for real. It finds what a damage model put in the wrong order near
 * the end of a search. Never ends at a plan that costs more than it began with, or that was not judged to hold.
 */
export async function swapRepair<F extends string>(
  problem: Problem<F>,
  judge: Judge<F>,
  from: Assignment<F>,
  most = MAX_SWAPS,
): Promise<SwapRepair<F>> {
  let assignment = from;
  let evaluations = 0;
  let accepted = 0;
  let missed = 0;
  const tried = new Set<string>();
  while (evaluations < most && missed < PATIENCE) {
    const next = cheaperNeighbours(problem, assignment).find((each) => !tried.has(keyOf(each)));
    if (!next) break;
    tried.add(keyOf(next));
    evaluations++;
    const { holds } = await judge(next);
    missed = holds ? 0 : missed + 1;
    if (!holds) continue;
    assignment = next;
    accepted++;
  }
  const reason = `${accepted} of ${evaluations} hold the floor`;
  return { assignment, improved: accepted > 0, reason, evaluations };
}

interface Neighbour<F extends string> {
  readonly assignment: Assignment<F>;
  readonly damage: number;
  readonly cost: number;
}

/** Those of less cost, by their predicted damage, ties by cost. */
function cheaperNeighbours<F extends string>(problem: Problem<F>, from: Assignment<F>): readonly Assignment<F>[] {
  const { cost, damage } = problem;
  const limit = costOf(cost, from) - GAIN * Math.abs(costOf(cost, from));
  const now = damage.damage(from);
  const found: Neighbour<F>[] = [];
  const singles = changesOf(problem, from).map(({ item, format }) => {
    const assignment = new Map(from).set(item, format);
    return { item, assignment, damage: now + damage.change(from, item, format), cost: costOf(cost, assignment) };
  });
  found.push(...singles.filter((single) => single.cost < limit));
  // What raises costs and lowers damage, with what lowers costs.
  for (const raised of singles.filter((single) => single.damage < now)) {
    for (const { item, format } of changesOf(problem, raised.assignment)) {
      if (item === raised.item) continue;
      const assignment = new Map(raised.assignment).set(item, format);
      const total = costOf(cost, assignment);
      if (total >= limit) continue;
      found.push({
        assignment,
        damage: raised.damage + damage.change(raised.assignment, item, format),
        cost: total,
      });
    }
  }
  return found.sort((a, b) => a.damage - b.damage || a.cost - b.cost).map(({ assignment }) => assignment);
}

function changesOf<F extends string>(problem: Problem<F>, from: Assignment<F>) {
  return itemsOf(problem).flatMap((item) =>
    problem.ladder(item).flatMap((format) => (from.get(item) === format ? [] : [{ item, format }])),
  );
}

function keyOf<F extends string>(assignment: Assignment<F>): string {
  return JSON.stringify([...assignment]);
}
