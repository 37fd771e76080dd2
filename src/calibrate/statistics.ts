import { BINS } from './bins.js';

/** The greatest magnitude of a bin, NaN included: nothing is lost. */
const LAST_ORDER = 0x7fff;

/** How often each bin occurred; bins that did not are left out. */
export interface Histogram {
  /** Upper 16 bits of the floats that a bin holds (`bins.ts`), in ascending order of their values. */
  readonly bins: Uint16Array;
  /** Elements in the bin at the same position. */
  readonly counts: Float64Array;
}

/** What was seen of one activation, over all its elements in all samples. */
export interface ActivationStatistics {
  /** The smallest element, or 0 if that is smaller: a quantized range always holds zero. */
  readonly min: number;
  /** The largest element, or 0 if that is larger. */
  readonly max: number;
  /** Present where the histogram was asked for. */
  readonly histogram?: Histogram;
}

/** Plain data: typed arrays, numbers and names. */
export interface Statistics {
  readonly samples: number;
  /** By value name. */
  readonly activations: Readonly<Record<string, ActivationStatistics>>;
}

/** The statistics of parts of a set as those of the whole: exactly what one pass over all of it would have given. */
export function mergeStatistics(parts: readonly Statistics[]): Statistics {
  return parts.reduce((merged, part) => ({
    samples: merged.samples + part.samples,
    activations: Object.fromEntries(
      Object.entries(merged.activations).map(([name, own]) => [name, mergeActivation(own, part.activations[name])]),
    ),
  }));
}

/** The histogram of counts by bin (all `BINS` of them). Both zeros become one bin. */
export function histogramOf(counts: Float64Array): Histogram {
  const bins: number[] = [];
  const found: number[] = [];
  for (let order = -LAST_ORDER; order <= LAST_ORDER; order++) {
    const bin = order < 0 ? 0x8000 - order : order;
    const count = order === 0 ? counts[0] + counts[0x8000] : counts[bin];
    if (count === 0) continue;
    bins.push(bin);
    found.push(count);
  }
  return { bins: Uint16Array.from(bins), counts: Float64Array.from(found) };
}

function mergeActivation(a: ActivationStatistics, b: ActivationStatistics): ActivationStatistics {
  const extremes = { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) };
  if (!a.histogram || !b.histogram) return extremes;
  return { ...extremes, histogram: mergeHistograms(a.histogram, b.histogram) };
}

function mergeHistograms(a: Histogram, b: Histogram): Histogram {
  const counts = new Float64Array(BINS);
  for (const { bins, counts: own } of [a, b]) for (let i = 0; i < bins.length; i++) counts[bins[i]] += own[i];
  return histogramOf(counts);
}
