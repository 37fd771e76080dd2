import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { damageBound, enumerate, smallProblem } from '../../test/support/random-problems.js';
import { bisection } from './bisection.js';
import { costOf } from './cost-model.js';
import { itemsOf, startAssignment } from './problem.js';
import { swapRepair } from './swap-repair.js';

describe('swapRepair', () => {
  it('ends at no dearer plan, one that was judged to hold, within its evaluations', async () => {
    await fc.assert(
      fc.asyncProperty(smallProblem, damageBound, fc.nat({ max: 9 }), async (problem, atMost, most) => {
        const start = startAssignment(problem);
        fc.pre(problem.damage.damage(start) <= atMost);
        let asked = 0;
        const judge = async (assignment: typeof start) => {
          asked++;
          return { holds: problem.damage.damage(assignment) <= atMost };
        };
        const found = await swapRepair(problem, judge, start, most);
        expect(asked).toBe(found.evaluations);
        expect(asked).toBeLessThanOrEqual(most);
        expect(problem.damage.damage(found.assignment)).toBeLessThanOrEqual(atMost);
        expect(costOf(problem.cost, found.assignment)).toBeLessThanOrEqual(costOf(problem.cost, start));
        expect(found.improved).toBe(found.assignment !== start);
      }),
      { numRuns: 60 },
    );
  });

  it('leaves no cheaper neighbour that holds, when it may ask for as many as there are', async () => {
    await fc.assert(
      fc.asyncProperty(smallProblem, damageBound, async (problem, atMost) => {
        const start = startAssignment(problem);
        fc.pre(problem.damage.damage(start) <= atMost);
        const judge = async (assignment: typeof start) => ({ holds: problem.damage.damage(assignment) <= atMost });
        const { assignment, evaluations } = await swapRepair(problem, judge, start, 1000);
        const apart = (other: typeof start) =>
          itemsOf(problem).filter((item) => other.get(item) !== assignment.get(item)).length;
        const cheaper = enumerate(problem).filter(
          (other) =>
            apart(other) === 1 &&
            problem.damage.damage(other) <= atMost &&
            costOf(problem.cost, other) < costOf(problem.cost, assignment) - 1e-6,
        );
        // The model is the judge here, so that the first miss in its order means that all others miss.
        if (evaluations > 0) expect(cheaper).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('mends what an order got wrong', async () => {
    const costs = { float: 2, w8a8: 1 };
    const cost = {
      base: 0,
      items: ['a', 'b'].map((name) => ({ name, costs: name === 'a' ? costs : { float: 9, w8a8: 1 } })),
      gates: [],
      terms: [],
    };
    const ladder = () => ['float', 'w8a8'] as const;
    const damage = {
      damage: (assignment: ReadonlyMap<string, 'float' | 'w8a8'>) =>
        [...assignment.values()].filter((f) => f !== 'float').length,
      change: (assignment: ReadonlyMap<string, 'float' | 'w8a8'>, item: string, format: 'float' | 'w8a8') =>
        Number(format !== 'float') - Number(assignment.get(item) !== 'float'),
    };
    const holds = async (assignment: ReadonlyMap<string, 'float' | 'w8a8'>) => damage.damage(assignment) <= 1;
    const space = { items: ['a', 'b'], ladder, score: () => 0 };
    const { assignment } = await bisection(space, holds);
    expect([...assignment.values()]).toEqual(['w8a8', 'float']);
    const repaired = await swapRepair(
      { cost, damage, ladder },
      async (tried) => ({ holds: await holds(tried) }),
      assignment,
    );
    expect([...repaired.assignment.values()]).toEqual(['float', 'w8a8']);
  });
});
