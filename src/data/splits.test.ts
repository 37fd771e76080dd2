import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Dataset } from './dataset.js';
import { type PartName, splitIndices, stratifiedOrder } from './splits.js';

function datasetOf(length: number, label?: (index: number) => number): Dataset {
  return {
    name: 'made',
    length,
    labelled: label !== undefined,
    read: async (index) => ({ id: `${index}`, inputs: {} }),
    ...(label && { label }),
  };
}

const ALL: readonly PartName[] = ['calibration', 'selection', 'holdout'];

describe('splitIndices', () => {
  it('gives a quarter, at most 256, to calibration and halves the rest', () => {
    const sizes = (length: number) =>
      Object.values(splitIndices(datasetOf(length), ALL, { seed: 1 })).map((indices) => indices?.length);
    expect(sizes(100)).toEqual([25, 37, 37]);
    expect(sizes(4000)).toEqual([256, 1872, 1872]);
  });

  it('is disjoint, inside the set, and fixed by the seed', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 12, max: 300 }),
        fc.integer(),
        fc.integer({ min: 1, max: 9 }),
        (length, seed, classes) => {
          const dataset = datasetOf(length, (index) => index % classes);
          const split = splitIndices(dataset, ALL, { seed });
          const all = ALL.flatMap((name) => split[name] ?? []);
          expect(new Set(all).size).toBe(all.length);
          expect(all.every((index) => index >= 0 && index < length)).toBe(true);
          expect(splitIndices(dataset, ALL, { seed })).toEqual(split);
        },
      ),
      { seed: 7, numRuns: 60 },
    );
  });

  it('holds each class in proportion', () => {
    const dataset = datasetOf(400, (index) => (index < 40 ? 0 : 1));
    const { selection = [] } = splitIndices(dataset, ALL, { seed: 3, amounts: { selection: 100 } });
    const rare = selection.filter((index) => index < 40).length;
    expect(rare).toBeGreaterThanOrEqual(9);
    expect(rare).toBeLessThanOrEqual(11);
  });

  it('puts single members of many classes anywhere', () => {
    const order = stratifiedOrder(
      datasetOf(1000, (index) => index),
      5,
    );
    const firstHalf = order.slice(0, 500).filter((index) => index < 500).length;
    expect(firstHalf).toBeGreaterThan(200);
    expect(firstHalf).toBeLessThan(300);
  });

  it('takes sizes and fractions, and a bound on all samples', () => {
    const split = splitIndices(datasetOf(1000), ALL, { seed: 1, amounts: { calibration: 50, holdout: 0.3 } });
    expect(ALL.map((name) => split[name]?.length)).toEqual([50, 650, 300]);
    const fewer = splitIndices(datasetOf(1000), ALL, { seed: 1, samples: 80 });
    expect(ALL.map((name) => fewer[name]?.length)).toEqual([20, 30, 30]);
  });

  it('refuses parts that the set cannot fill', () => {
    const split =
      (length: number, amounts = {}) =>
      () =>
        splitIndices(datasetOf(length), ALL, { seed: 1, amounts });
    expect(split(3)).toThrow('3 samples are too few');
    expect(split(100, { selection: 90, holdout: 20 })).toThrow('holdout 20');
  });

  it('gives a single part the whole set', () => {
    expect(splitIndices(datasetOf(9), ['calibration'], { seed: 1 }).calibration).toHaveLength(9);
  });
});
