import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sum } from '../kernel/statistics.js';
import { BINS, binInterval, binOf, binOrder } from './bins.js';
import { histogramOf, mergeStatistics, type Statistics } from './statistics.js';

function statisticsOf(samples: readonly (readonly number[])[]): Statistics {
  const counts = new Float64Array(BINS);
  const all = samples.flat();
  for (const value of all) counts[binOf(value)]++;
  const a = { min: Math.min(0, ...all), max: Math.max(0, ...all), histogram: histogramOf(counts) };
  return { samples: samples.length, activations: { a } };
}

const sample = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { maxLength: 20 });

/** Subnormals of either sign next to 0 count as 0. */
function sameBin(a: number, b: number): boolean {
  return binOf(a) === binOf(b) || (Math.abs(a) < 2 ** -126 && Math.abs(b) < 2 ** -126);
}

describe('mergeStatistics', () => {
  it('gives for parts, however cut and in whatever order, what one pass gives', () => {
    fc.assert(
      fc.property(fc.array(fc.array(sample, { maxLength: 3 }), { minLength: 1, maxLength: 4 }), (parts) => {
        const merged = mergeStatistics(parts.map(statisticsOf));
        expect(merged).toEqual(statisticsOf(parts.flat()));
        expect(mergeStatistics(parts.toReversed().map(statisticsOf))).toEqual(merged);
        expect(sum(merged.activations.a.histogram?.counts ?? [])).toBe(parts.flat(2).length);
      }),
      { numRuns: 30 },
    );
  });
});

describe('bins', () => {
  it('hold every float in an interval of less than a hundredth of its magnitude', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const { low, high } = binInterval(binOf(value));
        const subnormal = Math.abs(value) < 2 ** -126;
        const width = high - low;
        if (subnormal) expect(Math.abs(low) + Math.abs(high)).toBeLessThan(2 ** -125);
        else expect([low <= value && value <= high, width < Math.abs(value) / 100]).toEqual([true, true]);
      }),
    );
  });

  it('are ordered as their values are', () => {
    const finite = fc.float({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(finite, finite, (a, b) => {
        const order = Math.sign(binOrder(binOf(a)) - binOrder(binOf(b)));
        expect(order === 0 ? sameBin(a, b) : order === Math.sign(a - b)).toBe(true);
      }),
    );
  });
});
