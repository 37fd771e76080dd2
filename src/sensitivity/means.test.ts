import { describe, expect, it } from 'vitest';
import { random } from '../kernel/random.js';
import { meanOf } from './means.js';

const ENDLESS = Number.POSITIVE_INFINITY;

describe('a mean over samples by probes', () => {
  it('is that over samples, whatever their batches', () => {
    const one = meanOf(
      [
        { samples: 3, totals: [6, 6] },
        { samples: 1, totals: [6, 6] },
      ],
      ENDLESS,
    );
    expect(one.mean).toBe(3);
  });

  it('has no standard error where all probes agree or nothing is left to chance', () => {
    expect(meanOf([{ samples: 2, totals: [4, 4] }], ENDLESS).standardError).toBe(0);
    expect(meanOf([{ samples: 2, totals: [3, 5] }], 2).standardError).toBe(0);
  });

  it('cannot say from one batch how much samples differ', () => {
    expect(meanOf([{ samples: 2, totals: [3, 5] }], ENDLESS).acrossSamples).toBeNaN();
  });

  it('tells errors of the size that are made', () => {
    const source = random(5);
    const trials = Array.from({ length: 400 }, () => {
      const batches = Array.from({ length: 6 }, () => {
        const centre = 10 + 2 * source.normal();
        return { samples: 1, totals: Array.from({ length: 4 }, () => centre + source.normal()) };
      });
      const centres = batches.map(({ totals }) => totals.reduce((sum, each) => sum + each, 0) / totals.length);
      return { ...meanOf(batches, ENDLESS), centres };
    });
    const spread = Math.sqrt(trials.reduce((sum, { mean }) => sum + (mean - 10) ** 2, 0) / trials.length);
    const told = trials.reduce((sum, { acrossSamples }) => sum + acrossSamples, 0) / trials.length;
    expect(told / spread).toBeGreaterThan(0.85);
    expect(told / spread).toBeLessThan(1.15);
    const byProbes = trials.reduce((sum, { standardError }) => sum + standardError, 0) / trials.length;
    expect(byProbes).toBeCloseTo(1 / Math.sqrt(4 * 6), 2);
  });
});
