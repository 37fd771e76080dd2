import {
  type Assignment,
  depthOf,
  endOf,
  type Holds,
  lowered,
  orderAt,
  type SearchResult,
  type SearchSpace,
  startOf,
} from './space.js';

/**
 * For each step down the ladder, bisects how many of the least sensitive items may take it (arXiv 2302.01382,
 * 2306.04879): at most about 2 log2(items) evaluations a step. First every item is tried at the end of its ladder, and
 * in each step all items at once, since that often holds.
 */
export async function bisection<F extends string>(space: SearchSpace<F>, holds: Holds<F>): Promise<SearchResult<F>> {
  let assignment: Assignment<F> = startOf(space);
  const lowest = endOf(space);
  if (await holds(lowest)) return { assignment: lowest, reason: 'all hold the floor at the end of their ladders' };
  const reasons: string[] = [];
  for (let level = 1; level <= depthOf(space); level++) {
    const order = orderAt(space, level, assignment);
    const from = assignment;
    const count = await largest(order.length, (size) => holds(lowered(space, from, order.slice(0, size), level)));
    assignment = lowered(space, from, order.slice(0, count), level);
    reasons.push(`step ${level}: ${count} of ${order.length} hold the floor`);
  }
  return { assignment, reason: reasons.join('; ') };
}

/**
 * The largest size in [0, limit] that holds, taking smaller sizes to hold wherever a larger one does; 0 always holds.
 * Gallops down from the limit before it bisects: few items are very sensitive, so the answer is mostly near the top, and
 * on noisy judgements the larger sizes are asked first.
 */
async function largest(limit: number, holds: (size: number) => Promise<boolean>): Promise<number> {
  if (limit === 0 || (await holds(limit))) return limit;
  let bad = limit;
  let good = 0;
  for (let step = 1; good === 0 && step < limit; step *= 2) {
    if (await holds(limit - step)) good = limit - step;
    else bad = limit - step;
  }
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (await holds(middle)) good = middle;
    else bad = middle;
  }
  return good;
}
