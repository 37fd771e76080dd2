import { BitloomError } from '../kernel/errors.js';
import type { Range } from '../quantize/plan.js';
import { binInterval } from './bins.js';
import type { ActivationStatistics, Histogram } from './statistics.js';

/** Elements spread evenly over intervals in ascending order; an interval may be a point. */
export interface Pieces {
  readonly low: Float64Array;
  readonly high: Float64Array;
  readonly count: Float64Array;
}

/** Below this share of the largest magnitude the 128 bins of an octave are one piece: no step is as fine as they are. */
const FINE_FROM = 2 ** -10;

/** The histogram as a density between the extremes: even within each bin, or within each octave close to 0. */
export function piecesOf(statistics: ActivationStatistics): Pieces {
  const { min, max, histogram } = statistics;
  if (!histogram) throw missingHistogram();
  const groups = grouped(histogram, FINE_FROM * Math.max(-min, max));
  const intervals = groups.map(({ first, last }) => span(histogram.bins[first], histogram.bins[last], statistics));
  return {
    low: Float64Array.from(intervals, (interval) => interval.min),
    high: Float64Array.from(intervals, (interval) => interval.max),
    count: Float64Array.from(groups, (group) => group.count),
  };
}

export function totalCount({ count }: Pieces): number {
  return count.reduce((total, own) => total + own, 0);
}

interface Group {
  readonly first: number;
  last: number;
  count: number;
}

function grouped({ bins, counts }: Histogram, fineFrom: number): readonly Group[] {
  const groups: Group[] = [];
  let octave: number | undefined;
  for (let i = 0; i < bins.length; i++) {
    const own = octaveOf(bins[i], fineFrom);
    const last = groups.at(-1);
    if (last && own !== undefined && own === octave) {
      last.last = i;
      last.count += counts[i];
    } else groups.push({ first: i, last: i, count: counts[i] });
    octave = own;
  }
  return groups;
}

/** Sign and exponent of a bin that need not stand alone: one of small values, and not zero. */
function octaveOf(bin: number, fineFrom: number): number | undefined {
  const { low, high } = binInterval(bin);
  const single = Math.max(-low, high) >= fineFrom || low === high;
  return single ? undefined : bin >>> 7;
}

function span(first: number, last: number, { min, max }: Range): Range {
  return { min: Math.max(binInterval(first).low, min), max: Math.min(binInterval(last).high, max) };
}

function missingHistogram(): BitloomError {
  return new BitloomError({
    kind: 'internal',
    code: 'histogram-missing',
    message: 'this calibration method needs histograms, and only ranges were observed',
  });
}
