import type { Range } from '../quantize/plan.js';
import { type Pieces, totalCount } from './pieces.js';

/** Shares are of all elements, those at exactly 0 too; what lies at 0 is itself left out. */
export interface Distribution {
  /** Ascending; twice the same where elements lie at one point. */
  readonly ends: Float64Array;
  /** Share of the elements below each end; even between two. */
  readonly share: Float64Array;
  /** Root mean square of the elements. */
  readonly size: number;
}

/** A distribution without points, even within each cell. */
export interface Density {
  readonly ends: Float64Array;
  readonly share: Float64Array;
  /** Integral of p log p below each end. */
  readonly plogp: Float64Array;
}

/** Cells in the width that is smoothed over, and most of all: beyond a thousand times `size` they are wider. */
const CELLS = 4;
const MOST_CELLS = 2 ** 15;

/** Elements at exactly 0 are 0 after every quantization: nothing of them is lost, and they are no part of it. */
export function distributionOf(pieces: Pieces, { min, max }: Range): Distribution {
  const total = totalCount(pieces);
  const ends = [min];
  const share = [0];
  let squares = 0;
  for (let i = 0; i < pieces.count.length; i++) {
    const [low, high, count] = [pieces.low[i], pieces.high[i], pieces.count[i]];
    if (low === 0 && high === 0) continue;
    const below = share[share.length - 1];
    ends.push(low, high);
    share.push(below, below + count / total);
    squares += count * ((low + high) / 2) ** 2;
  }
  const found = share[share.length - 1];
  ends.push(max);
  share.push(found);
  const size = found > 0 ? Math.sqrt(squares / (found * total)) : 0;
  return { ends: Float64Array.from(ends), share: Float64Array.from(share), size };
}

/**
 * The density after every element is spread evenly over `width` about itself, mirrored at both ends. So what is narrower
 * (channels that are constant, a point where a Clip ends, the grid of the histogram itself) is no shape that could be lost.
 */
export function smoothed(distribution: Distribution, width: number): Density {
  const below = integralOf(distribution);
  const { ends: known, share: shares } = distribution;
  const [low, high, all] = [known[0], known[known.length - 1], shares[shares.length - 1]];
  const cells = Math.ceil(Math.min(MOST_CELLS, (CELLS * (high - low)) / width));
  const [ends, share, plogp] = [1, 2, 3].map(() => new Float64Array(cells + 1));
  ends[0] = low;
  for (let i = 1; i <= cells; i++) {
    ends[i] = low + ((high - low) * i) / cells;
    const spread = (below(ends[i] + width / 2) - below(ends[i] - width / 2)) / width;
    share[i] = i === cells ? all : Math.min(all, Math.max(share[i - 1], spread));
    const own = share[i] - share[i - 1];
    plogp[i] = plogp[i - 1] + weighted(own, own / (ends[i] - ends[i - 1]));
  }
  return { ends, share, plogp };
}

/** share * log(density), 0 where there is nothing. */
export function weighted(share: number, density: number): number {
  return share > 0 ? share * Math.log(density) : 0;
}

/** The integral of the share below, from the lower end to x; beyond an end the distribution is mirrored. */
function integralOf({ ends, share }: Distribution): (x: number) => number {
  const last = ends.length - 1;
  const [low, high, all] = [ends[0], ends[last], share[last]];
  const known = new Float64Array(ends.length);
  for (let i = 1; i <= last; i++) known[i] = known[i - 1] + ((share[i - 1] + share[i]) / 2) * (ends[i] - ends[i - 1]);
  const inside = (x: number) => {
    const i = lastAtMost(ends, x);
    const past = x - ends[i];
    if (past === 0) return known[i];
    const slope = (share[i + 1] - share[i]) / (ends[i + 1] - ends[i]);
    return known[i] + past * (share[i] + (slope * past) / 2);
  };
  return (x) => {
    if (x < low) return inside(Math.min(high, 2 * low - x));
    if (x > high) return 2 * all * (x - high) + inside(Math.max(low, 2 * high - x));
    return inside(x);
  };
}

/** Index of the last of the ascending values that is not above `x`; the first is not. */
function lastAtMost(values: Float64Array, x: number): number {
  let low = 0;
  let above = values.length;
  while (above - low > 1) {
    const middle = (low + above) >>> 1;
    if (values[middle] <= x) low = middle;
    else above = middle;
  }
  return low;
}
