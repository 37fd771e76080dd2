import { describe, expect, it } from 'vitest';
import type { MeanEstimate } from './means.js';
import { judge, type Known } from './precision.js';

const precision = { tolerance: 0.05, shareOfSampling: 0.5, mostProbes: 32 };

function known(means: readonly MeanEstimate[], others: Partial<Known> = {}): Known {
  return { means, batches: 8, probes: 4, exactAfter: Number.POSITIVE_INFINITY, ...others };
}

const estimate = (mean: number, standardError: number, acrossSamples: number) => ({
  mean,
  standardError,
  acrossSamples,
});

describe('the end of drawing probes', () => {
  it('comes when the worst mean is known to the tolerance', () => {
    const verdict = judge(known([estimate(2, 0.09, 0.01), estimate(-1, 0.04, 0.01)]), precision);
    expect(verdict).toEqual({ worst: 0.045, wanted: 4, reason: 'tolerance' });
  });

  it('comes when the choice of samples matters more than that of probes, if that was asked', () => {
    const means = [estimate(1, 0.2, 0.4)];
    expect(judge(known(means), precision).reason).toBe('samples');
    expect(judge(known(means), { tolerance: 0.05, mostProbes: 32 }).reason).toBeUndefined();
  });

  it('comes when nothing is left to chance, or as many were drawn as may be', () => {
    const means = [estimate(1, 0.3, 0.1)];
    expect(judge(known(means, { probes: 8, exactAfter: 8 }), precision).reason).toBe('exact');
    expect(judge(known(means, { probes: 32 }), precision).reason).toBe('probes');
  });

  it('is foreseen by the square of what is missing', () => {
    const means = [estimate(1, 0.1, 0.001)];
    expect(judge(known(means), precision)).toEqual({ worst: 0.1, wanted: 16 });
    expect(judge(known(means), { ...precision, mostProbes: 10 }).wanted).toBe(10);
  });

  it('does not wait for a mean of 0, on which nothing depends', () => {
    expect(judge(known([estimate(0, 0, 0), estimate(1, 0.01, 0.1)]), precision).reason).toBe('tolerance');
  });

  it('asks only the probes of a single batch, which says nothing of other samples', () => {
    const means = [estimate(1, 0.2, Number.NaN)];
    expect(judge(known(means, { batches: 1 }), precision)).toEqual({ worst: 0.2, wanted: 32 });
  });
});
