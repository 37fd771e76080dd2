import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accuracy } from '../../test/support/accuracy.js';
import type { Row } from '../data/metric.js';
import { pairedLoss, samplesToResolve, smallestResolved } from './paired-loss.js';

function rows(hits: readonly number[]): readonly Row[] {
  return hits.map((hit) => [hit]);
}

function pairs(worse: number, better: number, same: number): [readonly Row[], readonly Row[]] {
  const float = [...Array(worse).fill(1), ...Array(better).fill(0), ...Array(same).fill(1)];
  const candidate = [...Array(worse).fill(0), ...Array(better).fill(1), ...Array(same).fill(1)];
  return [rows(float), rows(candidate)];
}

describe('smallestResolved', () => {
  it('is the rule of three of the design: 244 samples resolve 1.2 points', () => {
    expect(smallestResolved(244)).toBeCloseTo(0.0122, 4);
  });

  it('names the samples that a floor needs: 99.9 % and 99.99 % of 80 %', () => {
    expect(samplesToResolve(0.0008)).toBe(3744);
    expect(samplesToResolve(0.00008)).toBe(37446);
  });
});

describe('pairedLoss', () => {
  it('never certifies finer than the samples resolve', () => {
    const loss = pairedLoss(accuracy, ...pairs(0, 0, 300));
    expect(loss.value).toBe(0);
    expect(loss.upper).toBeCloseTo(smallestResolved(300), 10);
  });

  it('holds the estimate inside its interval, and turns over when float and candidate change places', () => {
    const count = fc.integer({ min: 0, max: 30 });
    fc.assert(
      fc.property(count, count, fc.integer({ min: 1, max: 300 }), (worse, better, same) => {
        const [float, candidate] = pairs(worse, better, same);
        const loss = pairedLoss(accuracy, float, candidate);
        const turned = pairedLoss(accuracy, candidate, float);
        expect(loss.low).toBeLessThanOrEqual(loss.value + 1e-9);
        expect(loss.high).toBeGreaterThanOrEqual(loss.value - 1e-9);
        expect(turned.low).toBeCloseTo(-loss.high, 9);
      }),
    );
  });

  it('covers the true loss about as often as it says', () => {
    let seed = 12345;
    const uniform = () => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31;
      return seed / 2 ** 31;
    };
    let covered = 0;
    for (let trial = 0; trial < 400; trial++) {
      const drawn = Array.from({ length: 200 }, uniform);
      const float = rows(drawn.map((u) => (u < 0.86 ? 1 : 0)));
      const candidate = rows(drawn.map((u) => (u < 0.81 || u > 0.98 ? 1 : 0)));
      const { low, high } = pairedLoss(accuracy, float, candidate);
      if (low <= 0.03 && high >= 0.03) covered++;
    }
    expect(covered / 400).toBeGreaterThan(0.92);
  });
});
