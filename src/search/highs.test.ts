import { describe, expect, it } from 'vitest';
import { solveProgram } from './highs.js';
import type { LinearProgram } from './linear-program.js';

const LIMITS = { nodes: 1000, seconds: 10 };

/** The most of 5a + 4b + 3c that weights 2, 3 and 1 allow within 5: a and b, 9. */
const knapsack: LinearProgram = {
  offset: 10,
  columns: [-5, -4, -3].map((cost) => ({ cost, lower: 0, upper: 1, integer: true })),
  rows: [{ entries: new Map([2, 3, 1].map((weight, at) => [at, weight])), upper: 5 }],
};

describe('solveProgram', () => {
  it('solves and proves', async () => {
    const solved = await solveProgram(knapsack, LIMITS);
    if (solved.status === 'infeasible') throw new Error('a knapsack may be empty');
    expect(solved.status).toBe('optimal');
    expect([...(solved.values ?? [])].map(Math.round)).toEqual([1, 1, 0]);
    expect(solved.bound).toBeCloseTo(1, 9);
  });

  it('proves as finely whatever the unit of the costs', async () => {
    const tiny = knapsack.columns.map((column) => ({ ...column, cost: column.cost * 1e-12 }));
    const solved = await solveProgram({ ...knapsack, offset: 0, columns: tiny }, LIMITS);
    if (solved.status === 'infeasible') throw new Error('a knapsack may be empty');
    expect(solved.bound / 1e-12).toBeCloseTo(-9, 6);
  });

  it('says when there is no solution', async () => {
    const rows = [...knapsack.rows, { entries: new Map([[0, 1]]), lower: 2 }];
    expect(await solveProgram({ ...knapsack, rows }, LIMITS)).toEqual({ status: 'infeasible' });
  });
});
