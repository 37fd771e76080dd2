import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sum } from '../kernel/statistics.js';
import { BINS, binInterval, binOf } from './bins.js';
import { histogramOf, mergeStatistics, type Statistics } from './statistics.js';

function statisticsOf(samples: readonly (readonly number[])[]): Statistics {
  const counts = new Float64Array(BINS);
  const all = samples.flat();
  for (const value of all) counts[binOf(value)]++;
  const a = { min: Math.min(0, ...all), max: Math.max(0, ...all), histogram: histogramOf(counts) };
  return { samples: samples.length, activations: { a } };
}

const sample = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { maxLength: 20 });

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

describe('histogramOf', () => {
  it('orders its bins as their values are', () => {
    fc.assert(
      fc.property(sample, (values) => {
        const { bins, counts } = statisticsOf([values]).activations.a.histogram ?? { bins: [], counts: [] };
        const lows = Array.from(bins, (bin) => binInterval(bin).low);
        expect(lows).toEqual(lows.toSorted((a, b) => a - b));
        expect(new Set(bins).size).toBe(counts.length);
      }),
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
});
