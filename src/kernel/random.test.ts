import { describe, expect, it } from 'vitest';
import { random, shuffled } from './random.js';
import { mean } from './statistics.js';

const SEEDS = Array.from({ length: 1000 }, (_, seed) => seed);
const STREAMS = SEEDS.map((seed) => Array.from({ length: 8 }, random(seed).uniform));
/** Far out in the normal distribution: chance passes it once in 15,000 times, and the seeds are fixed. */
const DEVIATIONS = 4;

describe('random', () => {
  it('repeats itself for a seed', () => {
    const [a, b] = [random(7), random(7)];
    expect(Array.from({ length: 10 }, a.uniform)).toEqual(Array.from({ length: 10 }, b.uniform));
  });

  it.each([0, 1, 2, 3])('draws number %i evenly over the seeds', (number) => {
    const sorted = STREAMS.map((stream) => stream[number]).sort((a, b) => a - b);
    const distance = sorted.map((value, rank) => Math.abs(value - (rank + 0.5) / SEEDS.length));
    // Kolmogorov's distance: passed once in 1,500 times by chance.
    expect(Math.max(...distance)).toBeLessThan(2 / Math.sqrt(SEEDS.length));
  });

  it.each([1, 2, 16, 256])('gives seeds that are %i apart streams that have nothing in common', (apart) => {
    for (const mine of [0, 1, 2]) {
      for (const theirs of [0, 1, 2]) {
        const pairs = STREAMS.slice(apart).map((stream, i) => [stream[mine] - 0.5, STREAMS[i][theirs] - 0.5]);
        const correlation = 12 * mean(pairs.map(([a, b]) => a * b));
        expect(Math.abs(correlation)).toBeLessThan(DEVIATIONS / Math.sqrt(pairs.length));
      }
    }
  });

  it('draws normals of mean 0 and variance 1, the first of each seed', () => {
    const values = SEEDS.map((seed) => random(seed).normal());
    expect(Math.abs(mean(values))).toBeLessThan(DEVIATIONS / Math.sqrt(SEEDS.length));
    const variance = mean(values.map((value) => value ** 2));
    expect(Math.abs(variance - 1)).toBeLessThan(DEVIATIONS * Math.sqrt(2 / SEEDS.length));
  });

  it('draws either sign, and each integer below a bound, equally often', () => {
    const signs = SEEDS.map((seed) => random(seed).sign());
    expect(Math.abs(mean(signs))).toBeLessThan(DEVIATIONS / Math.sqrt(SEEDS.length));
    const drawn = SEEDS.map((seed) => random(seed).below(5));
    for (const value of [0, 1, 2, 3, 4]) expectShare(drawn, value, 1 / 5);
  });
});

describe('shuffled', () => {
  it('keeps every item, and leaves what it was given as it was', () => {
    const items = ['a', 'b', 'c', 'd', 'e'];
    expect(shuffled(items, random(1)).sort()).toEqual(items);
    expect(items).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('puts each item in each place equally often', () => {
    const orders = SEEDS.map((seed) => shuffled([0, 1, 2, 3], random(seed)));
    for (const place of [0, 1, 2, 3]) {
      for (const item of [0, 1, 2, 3]) {
        expectShare(
          orders.map((order) => order[place]),
          item,
          1 / 4,
        );
      }
    }
  });
});

function expectShare(values: readonly number[], value: number, share: number): void {
  const found = values.filter((own) => own === value).length / values.length;
  expect(Math.abs(found - share)).toBeLessThan(DEVIATIONS * Math.sqrt((share * (1 - share)) / values.length));
}
