import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { circuitOf, residualChain } from '../../test/support/cost-circuits.js';
import {
  damageBound,
  leastCost,
  type ProblemFormat,
  positionOf,
  type SmallProblem,
  smallProblem,
} from '../../test/support/random-problems.js';
import { bisection } from './bisection.js';
import { costOf } from './cost-model.js';
import { additive, type DamageModel } from './damage-model.js';
import { greedy } from './greedy.js';
import { minimise } from './minimise.js';
import { itemsOf, type Problem } from './problem.js';
import type { Assignment, Search, SearchSpace } from './space.js';

const RUNS = { numRuns: 60 };
/** Of the solver's proofs. */
const TOLERANCE = 1e-7;

function enumerated(problem: SmallProblem, atMost: number): number {
  return leastCost(problem, atMost, (assignment) => costOf(problem.cost, assignment));
}

/** The damage of any model, as one that has no supports. */
function opaque(model: DamageModel<ProblemFormat>): DamageModel<ProblemFormat> {
  return { damage: model.damage, change: model.change };
}

/** (the sum of what each item does)^2: convex, so that it has supports. */
function squared(alone: DamageModel<ProblemFormat>): DamageModel<ProblemFormat> {
  const damage = (assignment: Assignment<ProblemFormat>) => alone.damage(assignment) ** 2;
  return {
    damage,
    change: (assignment, item, format) => damage(new Map(assignment).set(item, format)) - damage(assignment),
    support: (assignment) => {
      const total = alone.damage(assignment);
      const nothing = new Map<string, ProblemFormat>();
      return { constant: -(total ** 2), slope: (item, format) => 2 * total * alone.change(nothing, item, format) };
    },
  };
}

describe('minimise', () => {
  it('finds what enumeration finds', async () => {
    await fc.assert(
      fc.asyncProperty(smallProblem, damageBound, async (problem, atMost) => {
        const solution = await minimise({ ...problem, atMost });
        expect(solution?.cost).toBeCloseTo(enumerated(problem, atMost), 9);
        expect(solution?.optimal).toBe(true);
        expect(solution?.damage).toBeLessThanOrEqual(atMost);
        expect(solution?.bound).toBeLessThanOrEqual(solution?.cost ?? Number.NaN);
        expect(solution?.bound).toBeGreaterThan((solution?.cost ?? Number.NaN) - TOLERANCE);
      }),
      RUNS,
    );
  });

  it('finds what enumeration finds under convex damage', async () => {
    await fc.assert(
      fc.asyncProperty(smallProblem, damageBound, async (adding, atMost) => {
        const problem = { ...adding, damage: squared(adding.damage) };
        const solution = await minimise({ ...problem, atMost });
        expect(solution?.cost).toBeCloseTo(enumerated(problem, atMost), 9);
        expect(solution?.optimal).toBe(true);
      }),
      RUNS,
    );
  });

  it('stays within the bounds where damage has no supports', async () => {
    await fc.assert(
      fc.asyncProperty(smallProblem, damageBound, async (adding, atMost) => {
        const problem = { ...adding, damage: opaque(adding.damage) };
        const solution = await minimise({ ...problem, atMost });
        const least = enumerated(problem, atMost);
        expect(solution?.damage).toBeLessThanOrEqual(atMost);
        expect(solution?.bound).toBeLessThanOrEqual(least + TOLERANCE);
        expect(solution?.cost).toBeGreaterThanOrEqual(least - TOLERANCE);
        if (solution?.optimal) expect(solution.cost).toBeCloseTo(least, 9);
      }),
      RUNS,
    );
  });

  it('says nothing when no assignment has so little damage', async () => {
    const problem: SmallProblem = {
      cost: { base: 0, items: [{ name: 'unit0', costs: { float: 1, w8a8: 2 } }], gates: [], terms: [] },
      ladder: () => ['float', 'w8a8'],
      damage: additive((_, format) => (format === 'float' ? 2 : 1)),
    };
    expect(await minimise({ ...problem, atMost: 0.5 })).toBeUndefined();
    expect((await minimise({ ...problem, atMost: 1 }))?.assignment.get('unit0')).toBe('w8a8');
  });

  it('tells damages apart however small they are', async () => {
    const scale = 1e-14;
    const damages = [3, 5, 7, 11];
    const problem: SmallProblem = {
      cost: {
        base: 0,
        items: damages.map((_, at) => ({ name: `unit${at}`, costs: { float: 1, w8a8: 0 } })),
        gates: [],
        terms: [],
      },
      ladder: () => ['float', 'w8a8'],
      damage: additive((item, format) => (format === 'float' ? 0 : damages[positionOf(item)] * scale)),
    };
    expect((await minimise({ ...problem, atMost: 14.9 * scale }))?.cost).toBe(2);
    expect((await minimise({ ...problem, atMost: 15.1 * scale }))?.cost).toBe(1);
  });

  it('says the gap when it may not look for a proof', async () => {
    const { cost, ladder, score } = circuitOf(residualChain(6, [0, 3]), ['float', 'w8a8'], 3);
    const problem = { cost, ladder, damage: additive(score) };
    const atMost = 0.4;
    const proven = await minimise({ ...problem, atMost });
    const hurried = await minimise({ ...problem, atMost, limits: { nodes: 0, seconds: 0 } });
    expect(proven?.optimal).toBe(true);
    expect(hurried?.optimal).toBe(false);
    expect(hurried?.bound).toBeLessThanOrEqual((proven?.cost ?? Number.NaN) + TOLERANCE);
    expect(hurried?.cost).toBeGreaterThanOrEqual((proven?.cost ?? Number.NaN) - TOLERANCE);
    expect(hurried?.damage).toBeLessThanOrEqual(atMost);
  });
});

function spaceOf<F extends string>(problem: Problem<F>, score: (item: string, format: F) => number): SearchSpace<F> {
  return { items: itemsOf(problem), ladder: problem.ladder, score };
}

describe('minimise on the circuit of a network', () => {
  const { cost, ladder, score } = circuitOf(residualChain(8, [0, 4]), ['float', 'w8a8-dynamic', 'w8a8'], 1);
  const problem = { cost, ladder, damage: additive(score) };

  it.each([
    ['bisection', bisection],
    ['greedy', greedy],
  ] as const)('costs no more than %s within the same damage', async (_name, search: Search) => {
    for (const atMost of [0.05, 0.3, 1]) {
      const holds = async (assignment: Assignment<'float' | 'w8a8' | 'w8a8-dynamic' | 'w4'>) =>
        problem.damage.damage(assignment) <= atMost;
      const { assignment } = await search(spaceOf(problem, score), holds);
      const solution = await minimise({ ...problem, atMost });
      expect(solution?.cost).toBeLessThanOrEqual(costOf(cost, assignment) + TOLERANCE);
    }
  });

  it('never costs more where more damage is allowed', async () => {
    const costs: number[] = [];
    for (const atMost of [0, 0.01, 0.1, 0.5, 2, Number.POSITIVE_INFINITY]) {
      costs.push((await minimise({ ...problem, atMost }))?.cost ?? Number.NaN);
    }
    for (let at = 1; at < costs.length; at++) expect(costs[at]).toBeLessThanOrEqual(costs[at - 1] + TOLERANCE);
    expect(costs[costs.length - 1]).toBeLessThan(costs[0]);
  });

  it('has the same answer each time', async () => {
    const first = await minimise({ ...problem, atMost: 0.2 });
    const second = await minimise({ ...problem, atMost: 0.2 });
    expect(second).toEqual(first);
  });
});
