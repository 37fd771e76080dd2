import {
  type Assignment,
  depthOf,
  type Holds,
  lowered,
  orderAt,
  type SearchResult,
  type SearchSpace,
  startOf,
} from './space.js';

/** Walks the order of each step down the ladder and keeps every move that holds (arXiv 2302.01382): one evaluation an item and step. */
export async function greedy<F extends string>(space: SearchSpace<F>, holds: Holds<F>): Promise<SearchResult<F>> {
  let assignment: Assignment<F> = startOf(space);
  const reasons: string[] = [];
  for (let level = 1; level <= depthOf(space); level++) {
    const order = orderAt(space, level, assignment);
    let kept = 0;
    for (const item of order) {
      const next = lowered(space, assignment, [item], level);
      if (!(await holds(next))) continue;
      assignment = next;
      kept++;
    }
    reasons.push(`step ${level}: ${kept} of ${order.length} hold the floor`);
  }
  return { assignment, reason: reasons.join('; ') };
}
