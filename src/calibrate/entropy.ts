import type { Range } from '../quantize/plan.js';
import { type Pieces, piecesOf, totalCount } from './pieces.js';
import type { Grid } from './range.js';
import { searchRange } from './search-range.js';
import type { ActivationStatistics } from './statistics.js';

/**
 * Divergence is counted on levels finer than the quantizer's by this factor. Plainly counted it weighs the shape that a level
 * loses like the elements that a range cuts off; but rounding errors have either sign and cancel in a layer's sums, and
 * what is cut off is all moved one way. Measured best of 1, 2, 4, 8 and 16 (ADR 0052).
 */
const FINER = 16;
/** More levels than this lose nothing that can be weighed against an element that is cut off. */
const MOST_LEVELS = 4096;

/**
 * The range whose quantized distribution diverges least (Kullback-Leibler) from the one seen. The idea is Migacz's ("8-bit
 * inference with TensorRT", GTC 2017); here for both ends, any number of levels, and on a density instead of bins, whose
 * number would decide the result.
 */
export function entropyRange(statistics: ActivationStatistics, grid: Grid): Range {
  const density = densityOf(piecesOf(statistics), statistics);
  const levels = Math.min(MOST_LEVELS, FINER * 2 ** grid.bits);
  return searchRange(statistics, grid, (range) => divergence(density, range, levels));
}

export interface Density {
  /** Ends of the pieces, ascending: piece i lies between ends i and i + 1. */
  readonly ends: Float64Array;
  /** Share of the elements below each end; those at exactly 0 are left out. */
  readonly share: Float64Array;
  /** Integral of p log p below each end. */
  readonly plogp: Float64Array;
}

/**
 * Elements at exactly 0 are 0 after every quantization: nothing of them is lost, and they are no part of the density. A
 * point at an extreme (where a Clip ends) is spread over the bin beside it: its own density would be infinite.
 */
export function densityOf(pieces: Pieces, { min }: Range): Density {
  const total = totalCount(pieces);
  const ends = [min];
  const share = [0];
  const plogp = [0];
  let waiting = 0;
  const add = (end: number, own: number) => {
    const width = end - ends[ends.length - 1];
    if (width <= 0) return;
    ends.push(end);
    share.push(share[share.length - 1] + own);
    plogp.push(plogp[plogp.length - 1] + weighted(own, own / width));
  };
  for (let i = 0; i < pieces.count.length; i++) {
    const [low, high, own] = [pieces.low[i], pieces.high[i], pieces.count[i] / total];
    if (low < high) {
      add(low, 0);
      add(high, own + waiting + pointAfter(pieces, i) / total);
      waiting = 0;
    } else if (high < 0) waiting = own;
  }
  return { ends: Float64Array.from(ends), share: Float64Array.from(share), plogp: Float64Array.from(plogp) };
}

/** Elements of a point at the upper extreme that follows this piece at once. */
function pointAfter({ low, high, count }: Pieces, i: number): number {
  const follows = i + 2 === count.length && low[i + 1] === high[i + 1] && high[i + 1] > 0;
  return follows && high[i] === low[i + 1] ? count[i + 1] : 0;
}

/**
 * Divergence of the distribution seen, with what lies outside `range` moved to its outermost levels, from the quantized
 * one, which spreads what is inside evenly over each level. Infinite where an outermost level has nothing of its own to
 * take up what was cut off.
 */
export function divergence(density: Density, range: Range, levels: number): number {
  const cursor = cursorOn(density);
  const width = (range.max - range.min) / levels;
  let start = cursor(range.min);
  const below = start.share;
  const above = density.share[density.share.length - 1] - cursorOn(density)(range.max).share;
  let total = Math.log(1 - below - above);
  for (let level = 0; level < levels; level++) {
    const end = cursor(range.min + (level + 1) * width);
    const cut = (level === 0 ? below : 0) + (level === levels - 1 ? above : 0);
    total += levelDivergence(end.share - start.share, end.plogp - start.plogp, width, cut);
    start = end;
  }
  return total;
}

/** One level: its density against its mean, and the share it must take up in addition. */
function levelDivergence(own: number, plogp: number, width: number, cut: number): number {
  if (own <= 0) return cut > 0 ? Number.POSITIVE_INFINITY : 0;
  const within = Math.max(0, plogp - weighted(own, own / width));
  return cut > 0 ? (within * (own + cut)) / own + weighted(own + cut, (own + cut) / own) : within;
}

function weighted(share: number, density: number): number {
  return share > 0 ? share * Math.log(density) : 0;
}

interface Below {
  readonly share: number;
  readonly plogp: number;
}

/** What lies below one position after another, which must ascend. */
function cursorOn({ ends, share, plogp }: Density): (position: number) => Below {
  let i = 0;
  const last = ends.length - 1;
  return (position) => {
    while (i + 1 < last && ends[i + 1] <= position) i++;
    if (last === 0) return { share: 0, plogp: 0 };
    const part = Math.min(1, Math.max(0, (position - ends[i]) / (ends[i + 1] - ends[i])));
    return { share: share[i] + part * (share[i + 1] - share[i]), plogp: plogp[i] + part * (plogp[i + 1] - plogp[i]) };
  };
}
