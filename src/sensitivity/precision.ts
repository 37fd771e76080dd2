import type { MeanEstimate } from './means.js';

/** When means are known well enough. */
export interface Precision {
  /** Standard error by probes, relative to its mean, at which no more are drawn. */
  readonly tolerance: number;
  /**
   * Nor are they where this share of the error across samples is left to them: more of them would not tell more of other
   * samples. Left out, only the tolerance counts.
   */
  readonly shareOfSampling?: number;
  /** Probes of each batch, at most. */
  readonly mostProbes: number;
  /** Time after which none is begun. */
  readonly seconds?: number;
}

/** Figures: ADR 0130. */
export const DEFAULT_PRECISION: Precision = { tolerance: 0.05, shareOfSampling: 0.5, mostProbes: 32 };

/** What is known after so many probes of each batch. */
export interface Known {
  readonly means: readonly MeanEstimate[];
  readonly batches: number;
  readonly probes: number;
  /** Probes that leave nothing to chance. */
  readonly exactAfter: number;
}

export interface Verdict {
  /** The largest standard error by probes, relative to its mean. */
  readonly worst: number;
  /** Probes of each batch that are likely to be enough. */
  readonly wanted: number;
  /** Why no more are drawn; more are where it is missing. */
  readonly reason?: 'exact' | 'tolerance' | 'samples' | 'probes';
}

/**
 * Whether more probes are worth their time. Asked of all means at once, for the noise of a probe is common to them. A
 * mean of 0 is one on which nothing depends.
 */
export function judge({ means, batches, probes, exactAfter }: Known, precision: Precision): Verdict {
  const { tolerance, shareOfSampling, mostProbes } = precision;
  const moving = means.filter(({ mean }) => mean !== 0);
  const worst = largest(moving.map(({ mean, standardError }) => standardError / Math.abs(mean)));
  if (probes >= exactAfter) return { worst, wanted: probes, reason: 'exact' };
  if (worst <= tolerance) return { worst, wanted: probes, reason: 'tolerance' };
  const bySampling =
    shareOfSampling === undefined || batches < 2
      ? Number.POSITIVE_INFINITY
      : largest(moving.map(({ standardError, acrossSamples }) => standardError / (shareOfSampling * acrossSamples)));
  if (bySampling <= 1) return { worst, wanted: probes, reason: 'samples' };
  if (probes >= mostProbes) return { worst, wanted: probes, reason: 'probes' };
  const over = Math.min(worst / tolerance, bySampling);
  const wanted = Math.max(probes + 1, Math.ceil(probes * over * over));
  return { worst, wanted: Math.min(wanted, mostProbes, exactAfter) };
}

/** 0 of none; what is not a number, as 0 over 0, does not count. */
function largest(values: readonly number[]): number {
  return values.reduce((most, value) => (value > most ? value : most), 0);
}
