import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { random } from '../kernel/random.js';
import { medianInterval, ratiosToFirst, relativeWidth, restlessness } from './latency-statistics.js';

describe('medianInterval', () => {
  it('holds the median and lies within the values', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.1, max: 100, noNaN: true }), { minLength: 1 }), (values) => {
        const { value, low, high } = medianInterval(values);
        expect(low).toBeLessThanOrEqual(value);
        expect(high).toBeGreaterThanOrEqual(value);
        expect(values).toContain(low);
        expect(values).toContain(high);
      }),
    );
  });

  it('covers the true median of a skewed distribution at least 95 times in 100', () => {
    const source = random(5);
    const trials = 2000;
    let covered = 0;
    for (let t = 0; t < trials; t++) {
      const { low, high } = medianInterval(Array.from({ length: 40 }, () => Math.exp(2 * source.normal())));
      if (low <= 1 && high >= 1) covered++;
    }
    expect(covered / trials).toBeGreaterThan(0.95);
    expect(covered / trials).toBeLessThan(0.995);
  });
});

describe('rounds', () => {
  it('give a ratio that a shared disturbance does not move', () => {
    const disturbance = [1, 5, 1, 9, 2, 1, 1, 3, 1, 1];
    const first = disturbance.map((factor) => 10 * factor);
    const second = disturbance.map((factor) => 3 * factor);
    const [{ value, low, high }] = ratiosToFirst([first, second]);
    expect(value).toBeCloseTo(0.3, 12);
    expect(high - low).toBeCloseTo(0, 12);
    expect(relativeWidth([first, second])).toBeCloseTo(0, 12);
    expect(restlessness([first])).toBeGreaterThan(0.5);
  });

  it('are never enough for an interval when they are fewer than six', () => {
    expect(relativeWidth([Array(5).fill(1), Array(5).fill(2)])).toBe(Number.POSITIVE_INFINITY);
    expect(relativeWidth([Array(6).fill(1), Array(6).fill(2)])).toBe(0);
  });

  it('are not restless because sequences differ in length', () => {
    const long = Array.from({ length: 40 }, (_, round) => (round % 4 === 0 ? 30 : 10) + (round % 8 < 4 ? 0.1 : 0));
    expect(restlessness([long])).toBeGreaterThan(0.4);
    expect(restlessness([long], 4)).toBeLessThan(0.02);
  });
});
