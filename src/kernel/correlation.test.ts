import { describe, expect, it } from 'vitest';
import { kendall, ranks, spearman } from './correlation.js';

describe('spearman and kendall', () => {
  it('are 1 for the same order and -1 for the opposite one, whatever the distances', () => {
    for (const of of [spearman, kendall]) {
      expect(of([1, 2, 3, 4], [1, 10, 11, 1e6])).toBeCloseTo(1, 12);
      expect(of([1, 2, 3, 4], [4, 0.5, 0.4, -9])).toBeCloseTo(-1, 12);
      expect(of([1, 1], [1, 2])).toBeNaN();
    }
  });

  it('agree with values worked out by hand, ties included', () => {
    expect(spearman([1, 2, 3], [10, 100, 90])).toBeCloseTo(0.5, 12);
    expect(kendall([1, 2, 3], [10, 100, 90])).toBeCloseTo(1 / 3, 12);
    // Of 6 pairs 4 are in order, 1 against it and 1 tied in a: (4 - 1) / sqrt(5 * 6).
    expect(kendall([1, 1, 2, 3], [1, 2, 4, 3])).toBeCloseTo(3 / Math.sqrt(30), 12);
  });

  it('counts a pair that is tied on both sides nowhere', () => {
    expect(kendall([1, 1, 2, 2, 3, 3], [5, 5, 7, 7, 6, 6])).toBeCloseTo(kendall([1, 2, 3], [5, 7, 6]), 12);
  });
});

describe('ranks', () => {
  it('lets equal values share the mean of their positions', () => {
    expect(ranks([3, 1, 3, 2])).toEqual([2.5, 0, 2.5, 1]);
  });
});
