import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { circuitOf, residualChain } from '../../test/support/cost-circuits.js';
import { damageBound, leastCost, type ProblemFormat, smallProblem } from '../../test/support/random-problems.js';
import { random } from '../kernel/random.js';
import { costOf } from './cost-model.js';
import { additive } from './damage-model.js';
import { frontier, type Judge } from './frontier.js';
import { startAssignment } from './problem.js';
import type { Assignment } from './space.js';

const RUNS = { numRuns: 40 };
const ENOUGH = { maxEvaluations: 1000 };

/** A judge that writes down what it was asked. */
function recording<F extends string>(holds: (assignment: Assignment<F>) => boolean) {
  const asked: string[] = [];
  const judge: Judge<F> = async (assignment) => {
    asked.push(JSON.stringify([...assignment]));
    return { holds: holds(assignment) };
  };
  return { judge, asked };
}

describe('frontier', () => {
  it('finds the optimum when the floor is a bound on the damage', async () => {
    await fc.assert(
      fc.asyncProperty(smallProblem, damageBound, async (problem, floor) => {
        const { judge, asked } = recording<ProblemFormat>((one) => problem.damage.damage(one) <= floor);
        const { assignment, evaluations } = await frontier(problem, judge, ENOUGH);
        const least = leastCost(problem, floor, (one) => costOf(problem.cost, one));
        expect(costOf(problem.cost, assignment)).toBeCloseTo(least, 9);
        expect(evaluations).toBe(asked.length);
        expect(new Set(asked).size).toBe(asked.length);
      }),
      RUNS,
    );
  });

  it('costs no more under a looser floor', async () => {
    await fc.assert(
      fc.asyncProperty(smallProblem, damageBound, damageBound, async (problem, a, b) => {
        const solve = async (floor: number) => {
          const { assignment } = await frontier(
            problem,
            async (one) => ({ holds: problem.damage.damage(one) <= floor }),
            ENOUGH,
          );
          return costOf(problem.cost, assignment);
        };
        expect(await solve(Math.max(a, b))).toBeLessThanOrEqual((await solve(Math.min(a, b))) + 1e-9);
      }),
      { numRuns: 20 },
    );
  });

  it('ends, and returns the cheapest that was judged to hold, whatever the judge says', async () => {
    await fc.assert(
      fc.asyncProperty(smallProblem, fc.nat(), async (problem, seed) => {
        const source = random(seed);
        const { assignment, candidates } = await frontier(problem, async () => ({ holds: source.uniform() < 0.4 }));
        const held = candidates.filter(({ holds }) => holds);
        const start = startAssignment(problem);
        const cheapest = Math.min(costOf(problem.cost, start), ...held.map(({ cost }) => cost));
        expect(costOf(problem.cost, assignment)).toBe(cheapest);
        for (const { cost } of candidates) expect(cost).toBeLessThan(costOf(problem.cost, start));
        expect(candidates.slice(0, held.length)).toEqual([...held].sort((a, b) => a.cost - b.cost));
      }),
      RUNS,
    );
  });
});

describe('frontier on the circuit of a network', () => {
  const { cost, ladder, score } = circuitOf(residualChain(8, [0, 4]), ['float', 'w8a8'], 1);
  const problem = { cost, ladder, damage: additive(score) };
  const within = (floor: number) => async (one: Parameters<typeof problem.damage.damage>[0]) => ({
    holds: problem.damage.damage(one) <= floor,
  });

  it('judges one plan when the cheapest of all holds', async () => {
    const { evaluations, reason } = await frontier(problem, within(Number.POSITIVE_INFINITY));
    expect({ evaluations, reason }).toEqual({ evaluations: 1, reason: 'the cheapest plan of all holds the floor' });
  });

  it('judges few plans, and several of them hold', async () => {
    const { candidates, evaluations, assignment } = await frontier(problem, within(0.3));
    expect(evaluations).toBeLessThanOrEqual(14);
    expect(candidates.filter(({ holds }) => holds).length).toBeGreaterThanOrEqual(2);
    expect(assignment).toBe(candidates[0].assignment);
  });

  it('returns the start, with the reason, when nothing holds', async () => {
    const { assignment, candidates, reason } = await frontier(problem, async () => ({ holds: false }), {
      maxEvaluations: 3,
    });
    expect(assignment).toEqual(startAssignment(problem));
    expect(candidates).toHaveLength(3);
    expect(reason).toBe('0 of 3 plans hold the floor; no more may be judged');
  });

  it('judges nothing when no plan is cheap enough', async () => {
    const { evaluations, reason } = await frontier(problem, within(1), { below: 0.01 });
    expect({ evaluations, reason }).toEqual({
      evaluations: 0,
      reason: 'no plan is predicted to cost less than the start of all ladders',
    });
  });
});
