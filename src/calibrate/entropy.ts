import type { Range } from '../quantize/plan.js';
import { type Density, distributionOf, smoothed, weighted } from './density.js';
import { piecesOf } from './pieces.js';
import type { Grid } from './range.js';
import { searchRange } from './search-range.js';
import type { ActivationStatistics } from './statistics.js';

/**
 * Share of the elements' root mean square that the density is smoothed over. A histogram of many channels has peaks, of
 * channels that are constant above all, which any quantization flattens: unsmoothed they outweigh what is cut off.
 */
const SMOOTHING = 1 / 8;
/** More levels than this lose nothing that can be weighed against an element that is cut off. */
const MOST_LEVELS = 4096;

/**
 * The range whose quantized distribution diverges least (Kullback-Leibler) from the one seen. The idea is Migacz's ("8-bit
 * inference with TensorRT", GTC 2017); here for both ends, any number of levels, and on a density instead of bins, whose
 * number would decide the result.
 */
export function entropyRange(statistics: ActivationStatistics, grid: Grid): Range {
  const distribution = distributionOf(piecesOf(statistics), statistics);
  if (distribution.size === 0) return searchRange(statistics, grid, () => 0);
  const density = smoothed(distribution, SMOOTHING * distribution.size);
  const levels = Math.min(MOST_LEVELS, 2 ** grid.bits);
  return searchRange(statistics, grid, (range) => divergence(density, range, levels));
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
    const part = Math.min(1, Math.max(0, (position - ends[i]) / (ends[i + 1] - ends[i])));
    return { share: share[i] + part * (share[i + 1] - share[i]), plogp: plogp[i] + part * (plogp[i + 1] - plogp[i]) };
  };
}
