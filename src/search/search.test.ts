import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bisection } from './bisection.js';
import { greedy } from './greedy.js';
import { type Assignment, type Search, type SearchSpace, usefulLadder } from './space.js';

type F = 'float' | 'w8a8' | 'w4a8';
const LADDER: readonly F[] = ['float', 'w8a8', 'w4a8'];

interface Problem {
  readonly space: SearchSpace<F>;
  readonly damage: (assignment: Assignment<F>) => number;
}

/** Additive damage: what bisection and greedy by the true order must handle best. */
function additive(damages: readonly number[]): Problem {
  const items = damages.map((_, i) => `unit${i}`);
  const score = (item: string, format: F) => damages[items.indexOf(item)] * LADDER.indexOf(format);
  return {
    space: { items, ladder: () => LADDER, score },
    damage: (assignment) => [...assignment].reduce((total, [item, format]) => total + score(item, format), 0),
  };
}

async function solve(search: Search, problem: Problem, floor: number) {
  let evaluations = 0;
  const result = await search(problem.space, async (assignment) => {
    evaluations++;
    return problem.damage(assignment) <= floor;
  });
  const steps = [...result.assignment.values()].reduce((total, format) => total + LADDER.indexOf(format), 0);
  return { ...result, evaluations, steps };
}

const damages = fc.array(fc.float({ min: Math.fround(0.01), max: 1, noNaN: true }), { minLength: 1, maxLength: 40 });
const budget = fc.float({ min: 0, max: 20, noNaN: true });

describe.each([
  ['bisection', bisection],
  ['greedy', greedy],
] as const)('%s', (_name, search) => {
  it('returns an assignment that holds the floor', async () => {
    await fc.assert(
      fc.asyncProperty(damages, budget, async (values, floor) => {
        const problem = additive(values);
        const { assignment } = await solve(search, problem, floor);
        expect(problem.damage(assignment)).toBeLessThanOrEqual(floor);
      }),
    );
  });

  it('quantizes no less under a looser floor when damage adds', async () => {
    await fc.assert(
      fc.asyncProperty(damages, budget, budget, async (values, a, b) => {
        const problem = additive(values);
        const tight = await solve(search, problem, Math.min(a, b));
        const loose = await solve(search, problem, Math.max(a, b));
        const low = (assignment: Assignment<F>) =>
          [...assignment.values()].filter((format) => format !== 'float').length;
        expect(low(loose.assignment)).toBeGreaterThanOrEqual(low(tight.assignment));
      }),
    );
  });

  it('leaves everything in float when nothing holds', async () => {
    const { assignment } = await solve(search, additive([1, 1, 1]), 0);
    expect([...assignment.values()]).toEqual(['float', 'float', 'float']);
  });
});

describe('bisection', () => {
  it('takes everything in one evaluation when all of it holds', async () => {
    const { evaluations, steps } = await solve(bisection, additive([1, 1, 1, 1]), 100);
    expect({ evaluations, steps }).toEqual({ evaluations: 1, steps: 8 });
  });

  it('needs at most about 2 log2(items) evaluations a step', async () => {
    const { evaluations } = await solve(bisection, additive(Array(54).fill(1)), 27);
    expect(evaluations).toBeLessThanOrEqual(1 + 2 * (1 + 2 * Math.ceil(Math.log2(54))));
  });

  it('finds one item too sensitive in three evaluations', async () => {
    const damages = [9, ...Array(30).fill(0.01)];
    const ladder: readonly F[] = ['float', 'w8a8'];
    const { space, damage } = additive(damages);
    const { evaluations, steps } = await solve(bisection, { space: { ...space, ladder: () => ladder }, damage }, 1);
    expect({ evaluations, steps }).toEqual({ evaluations: 3, steps: 30 });
  });

  it('moves the least sensitive items first', async () => {
    const { assignment } = await solve(bisection, additive([5, 1, 3]), 4);
    expect(assignment.get('unit0')).toBe('float');
    expect(assignment.get('unit1')).not.toBe('float');
  });
});

describe('usefulLadder', () => {
  const score = (scores: Readonly<Record<string, number>>) => (format: string) => scores[format];

  it('drops formats that a faster one beats', () => {
    const scores = score({ w4: 0.3, w8a8: 0.5, 'w8a8-dynamic': 0.1 });
    expect(usefulLadder(['float', 'w4', 'w8a8', 'w8a8-dynamic'], scores)).toEqual(['float', 'w8a8-dynamic']);
  });

  it('keeps formats that trade accuracy for speed', () => {
    const ladder = ['float', 'w8a8', 'w4a8'];
    expect(usefulLadder(ladder, score({ w8a8: 0.1, w4a8: 0.2 }))).toEqual(ladder);
  });
});
