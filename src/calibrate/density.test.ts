import { describe, expect, it } from 'vitest';
import { random } from '../kernel/random.js';
import { BINS, binOf } from './bins.js';
import { type Density, distributionOf, smoothed } from './density.js';
import { piecesOf } from './pieces.js';
import { type ActivationStatistics, histogramOf } from './statistics.js';

function seen(values: readonly number[]): ActivationStatistics {
  const counts = new Float64Array(BINS);
  for (const value of values) counts[binOf(value)]++;
  const extremes = { min: Math.min(0, ...values), max: Math.max(0, ...values) };
  return { ...extremes, histogram: histogramOf(counts) };
}

function distribution(values: readonly number[]) {
  const statistics = seen(values);
  return distributionOf(piecesOf(statistics), statistics);
}

function densityAt({ ends, share }: Density, x: number): number {
  const i = ends.findLastIndex((end, at) => end <= x && at < ends.length - 1);
  return (share[i + 1] - share[i]) / (ends[i + 1] - ends[i]);
}

const source = random(4);
const normals = Array.from({ length: 50_000 }, () => Math.fround(source.normal()));

describe('distributionOf', () => {
  it('leaves zeros out of the shares, and out of the mean square', () => {
    const { share, size } = distribution([0, 0, 0, 3, -3, 3]);
    expect(share.at(-1)).toBe(0.5);
    expect(size).toBeCloseTo(3, 1);
  });

  it('has no size where all is zero', () => {
    expect(distribution([0, 0]).size).toBe(0);
  });
});

describe('smoothed', () => {
  it.each([0.05, 0.2, 1])('keeps every element and stays between the ends (width %f)', (width) => {
    for (const values of [normals, normals.map(Math.abs), [2], [-2], [6, 6, 1, 0]]) {
      const whole = distribution(values);
      const { ends, share } = smoothed(whole, width);
      expect(share.at(-1)).toBe(whole.share.at(-1));
      expect([ends[0], ends.at(-1)]).toEqual([whole.ends[0], whole.ends.at(-1)]);
      expect(share.every((own, i) => i === 0 || own >= share[i - 1])).toBe(true);
    }
  });

  it('is the density of what was drawn, where that is smooth', () => {
    const density = smoothed(distribution(normals), 0.2);
    for (const x of [-1.5, -0.5, 0.1, 1.2]) {
      const exact = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
      expect(Math.abs(densityAt(density, x) - exact)).toBeLessThan(0.03);
    }
  });

  it('spreads a point evenly over the width, and one at an end over half of it', () => {
    const middle = smoothed(distribution([...Array(98).fill(2), 1, 4]), 0.5);
    expect(densityAt(middle, 1.9)).toBeCloseTo(0.98 / 0.5, 1);
    expect(densityAt(middle, 2.4)).toBeCloseTo(0, 9);
    const end = smoothed(distribution([...Array(99).fill(4), 1]), 0.5);
    expect(densityAt(end, 3.9)).toBeCloseTo(0.99 / 0.25, 1);
    expect(densityAt(end, 3.5)).toBeCloseTo(0, 9);
  });
});
