import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nonNegativeLeastSquares } from './non-negative.js';

const number = fc.double({ min: -1, max: 1, noNaN: true }).map((x) => Math.round(x * 1000) / 1000);

const problems = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 6, max: 14 })).chain(([columns, rows]) =>
  fc.record({
    a: fc.array(fc.array(number, { minLength: columns, maxLength: columns }), { minLength: rows, maxLength: rows }),
    b: fc.array(number, { minLength: rows, maxLength: rows }),
  }),
);

describe('non-negative least squares', () => {
  it('fulfils the conditions of Karush, Kuhn and Tucker', () => {
    fc.assert(
      fc.property(problems, ({ a, b }) => {
        const x = nonNegativeLeastSquares(a, b);
        const left = a.map((row, i) => b[i] - row.reduce((total, value, j) => total + value * x[j], 0));
        x.forEach((value, j) => {
          const slope = a.reduce((total, row, i) => total + row[j] * left[i], 0);
          expect(value).toBeGreaterThanOrEqual(0);
          expect(slope).toBeLessThan(1e-7);
          if (value > 0) expect(Math.abs(slope)).toBeLessThan(1e-7);
        });
      }),
      { numRuns: 300, seed: 3 },
    );
  });

  it('finds the unknowns that made the numbers', () => {
    const a = [
      [1, 0, 2],
      [0, 3, 1],
      [4, 1, 0],
      [1, 1, 1],
    ];
    const b = a.map(([x, y, z]) => 2 * x + 0.5 * z + 0 * y);
    nonNegativeLeastSquares(a, b).forEach((value, j) => {
      expect(value).toBeCloseTo([2, 0, 0.5][j], 10);
    });
  });

  it('leaves at 0 what could only help by being negative', () => {
    expect(nonNegativeLeastSquares([[1, 1]], [-1])).toEqual([0, 0]);
  });
});
