import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sum } from '../kernel/statistics.js';
import { binCounter } from './bin-counter.js';
import { BINS } from './bins.js';

function plainCounts(values: Float32Array): Float64Array {
  const counts = new Float64Array(BINS);
  for (const bits of new Uint32Array(values.buffer, values.byteOffset, values.length)) counts[bits >>> 16]++;
  return counts;
}

function sameCounts(a: Float64Array, b: Float64Array): boolean {
  return Buffer.from(a.buffer).equals(Buffer.from(b.buffer));
}

const floats = fc
  .array(fc.float({ noNaN: true }), { minLength: 1, maxLength: 70 })
  .map((values) => Float32Array.from(values));

describe('binCounter', () => {
  it('counts what a plain loop counts, and finds the extremes', () => {
    fc.assert(
      fc.property(floats, (values) => {
        const counter = binCounter(1);
        const [buffer] = counter.reserve([values.length]);
        buffer.set(values);
        const { smallest, largest } = counter.count(0, buffer);
        expect(sameCounts(counter.counts(0), plainCounts(values))).toBe(true);
        expect([smallest + 0, largest + 0]).toEqual([Math.min(...values) + 0, Math.max(...values) + 0]);
      }),
    );
  });

  it('tells of a NaN wherever it stands', () => {
    for (let at = 0; at < 11; at++) {
      const counter = binCounter(1);
      const [buffer] = counter.reserve([11]);
      buffer.fill(1).fill(Number.NaN, at, at + 1);
      expect(counter.count(0, buffer)).toEqual({ smallest: Number.NaN, largest: Number.NaN });
    }
  });

  it('keeps tensors apart and their counts while its buffers grow', () => {
    const counter = binCounter(3);
    for (const length of [5, 100_000, 17]) {
      const buffers = counter.reserve([length, length, length]);
      for (const [i, buffer] of buffers.entries()) counter.count(i, buffer.fill(i + 1));
    }
    for (let i = 0; i < 3; i++) {
      expect(sameCounts(counter.counts(i), plainCounts(new Float32Array(100_022).fill(i + 1)))).toBe(true);
      expect(sum(counter.counts(i))).toBe(100_022);
    }
  });

  it('loses no count when 32 bits run out', () => {
    const counter = binCounter(2, 100);
    for (let round = 0; round < 9; round++) {
      for (const [i, buffer] of counter.reserve([30, 30]).entries()) counter.count(i, buffer.fill(i + round));
    }
    expect([sum(counter.counts(0)), sum(counter.counts(1))]).toEqual([270, 270]);
    expect(sameCounts(counter.counts(0), plainCounts(Float32Array.from({ length: 270 }, (_, i) => i % 9)))).toBe(true);
  });
});
