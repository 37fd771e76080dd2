import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { circuitOf, residualChain } from '../../test/support/cost-circuits.js';
import { damageBound, type SmallProblem, smallProblem } from '../../test/support/random-problems.js';
import { bisection } from './bisection.js';
import { costOf } from './cost-model.js';
import { additive } from './damage-model.js';
import { greedy } from './greedy.js';
import { localSearch } from './local-search.js';
import { minimise } from './minimise.js';
import { itemsOf } from './problem.js';
import { regionsOf } from './regions.js';

/** Three items in a row among float neighbours: w8a8 wins only where all three share it, and w4 is worse still. */
const island: SmallProblem = {
  cost: {
    base: 0,
    items: ['unit0', 'unit1', 'unit2'].map((name) => ({ name, costs: { float: 1, w8a8: 0.9, w4: 2 } })),
    gates: [
      { is: 'unit0', formats: ['w8a8'] },
      { is: 'unit1', formats: ['w8a8'] },
      { is: 'unit2', formats: ['w8a8'] },
      { and: [0, 1, 2] },
      { or: [0, 1, 2] },
      { not: 3 },
      { and: [4, 5] },
    ],
    terms: [{ gate: 6, cost: 1 }],
  },
  ladder: () => ['float', 'w8a8', 'w4'],
  damage: additive((_, format) => (format === 'float' ? 0 : 0.01)),
};

describe('localSearch', () => {
  it('is within the bound, and never worse than the searches by order', async () => {
    await fc.assert(
      fc.asyncProperty(smallProblem, damageBound, async (problem, atMost) => {
        const found = await localSearch(problem, atMost);
        const holds = async (assignment: typeof found) =>
          assignment !== undefined && problem.damage.damage(assignment) <= atMost;
        expect(await holds(found)).toBe(true);
        const { damage, ladder } = problem;
        const start = new Map(itemsOf(problem).map((item) => [item, ladder(item)[0]]));
        const space = {
          items: itemsOf(problem),
          ladder,
          score: (item: string, format: 'float' | 'w8a8' | 'w4') => damage.change(start, item, format),
        };
        for (const search of [greedy, bisection]) {
          const { assignment } = await search(space, holds);
          expect(costOf(problem.cost, found ?? new Map())).toBeLessThanOrEqual(costOf(problem.cost, assignment));
        }
      }),
      { numRuns: 40 },
    );
  });

  it('moves a region where neither an item nor a pair wins anything', async () => {
    const start = new Map(itemsOf(island).map((item) => [item, 'float'] as const));
    const found = await localSearch(island, 1, [start]);
    expect([...(found?.values() ?? [])]).toEqual(['w8a8', 'w8a8', 'w8a8']);
  });

  it('comes near the proven least on the circuit of a network', async () => {
    const { cost, ladder, score } = circuitOf(residualChain(6, [0, 3]), ['float', 'w8a8'], 2);
    const problem = { cost, ladder, damage: additive(score) };
    const found = await localSearch(problem, 0.5);
    const least = await minimise({ ...problem, atMost: 0.5 });
    expect(costOf(cost, found ?? new Map())).toBeLessThan(1.03 * (least?.cost ?? Number.NaN));
  });
});

describe('regionsOf', () => {
  it('grows from each item through the gates it shares with others', () => {
    const chain = {
      base: 0,
      items: ['a', 'b', 'c'].map((name) => ({ name, costs: {} })),
      gates: [
        { is: 'a', formats: ['w8a8'] },
        { is: 'b', formats: ['w8a8'] },
        { is: 'c', formats: ['w8a8'] },
        { and: [0, 1] },
        { or: [1, 2] },
      ],
      terms: [],
    };
    expect(regionsOf(chain)).toEqual([
      [0, 1],
      [0, 1, 2],
      [1, 2],
    ]);
  });
});
