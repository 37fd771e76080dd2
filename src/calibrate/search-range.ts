import type { Range } from '../quantize/plan.js';
import { type Grid, mirrored } from './range.js';

/** Shares of the whole range tried first: geometric, as outliers may be a thousand times further out than the rest. */
const COARSE = Array.from({ length: 96 }, (_, i) => 2 ** (-i / 8));
/** Then around the best, between its neighbours. */
const FINE = Array.from({ length: 17 }, (_, i) => 2 ** ((i - 8) / 64));
const ROUNDS = 3;

/**
 * The range of least `cost` among those that shrink what was seen, both ends alike and then, unless
 * symmetric, each by itself: where both have outliers, to cut one end alone makes steps hardly finer. The whole range is
 * tried first and left only for a lower cost.
 */
export function searchRange(seen: Range, { symmetric }: Grid, cost: (range: Range) => number): Range {
  if (symmetric) {
    const whole = mirrored(seen);
    const share = bestShare(1, (candidate) => cost(shrunk(whole, candidate, candidate)));
    return shrunk(whole, share, share);
  }
  const twoSided = seen.min < 0 && seen.max > 0;
  let low = twoSided ? bestShare(1, (share) => cost(shrunk(seen, share, share))) : 1;
  let high = low;
  const rounds = twoSided ? ROUNDS : 1;
  for (let round = 0; round < rounds; round++) {
    const before = [low, high];
    if (seen.max > 0) high = bestShare(high, (share) => cost(shrunk(seen, low, share)));
    if (seen.min < 0) low = bestShare(low, (share) => cost(shrunk(seen, share, high)));
    if (before[0] === low && before[1] === high) break;
  }
  return shrunk(seen, low, high);
}

function bestShare(start: number, cost: (share: number) => number): number {
  const coarse = cheapest(start, COARSE, cost);
  const fine = FINE.map((factor) => Math.min(1, coarse * factor));
  return cheapest(coarse, fine, cost);
}

function cheapest(start: number, candidates: readonly number[], cost: (share: number) => number): number {
  let best = start;
  let least = cost(start);
  for (const candidate of candidates) {
    const own = cost(candidate);
    if (own < least) [best, least] = [candidate, own];
  }
  return best;
}

function shrunk({ min, max }: Range, low: number, high: number): Range {
  return { min: min * low, max: max * high };
}
