import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { enumerate, type ProblemFormat, smallProblem } from '../../test/support/random-problems.js';
import { type CostModel, costOf, type Gate } from './cost-model.js';
import { compile } from './evaluator.js';
import type { Assignment } from './space.js';

/** A gate by its definition, from its inputs down. */
function truth(gates: readonly Gate<ProblemFormat>[], at: number, assignment: Assignment<ProblemFormat>): boolean {
  const gate = gates[at];
  if ('is' in gate) return [...assignment].some(([item, format]) => item === gate.is && gate.formats.includes(format));
  if ('not' in gate) return truth(gates, gate.not, assignment) === false;
  if ('and' in gate) return gate.and.filter((input) => !truth(gates, input, assignment)).length === 0;
  return gate.or.filter((input) => truth(gates, input, assignment)).length > 0;
}

function naiveCost(model: CostModel<ProblemFormat>, assignment: Assignment<ProblemFormat>): number {
  const items = model.items.map(({ name, costs }) => costs[assignment.get(name) ?? 'float'] ?? Number.NaN);
  const terms = model.terms.map(({ gate, cost }) => (truth(model.gates, gate, assignment) ? cost : 0));
  return [...items, ...terms].reduce((total, cost) => total + cost, model.base);
}

describe('costOf', () => {
  it('is what the circuit says of every assignment, compiled or not', () => {
    fc.assert(
      fc.property(smallProblem, (problem) => {
        const compiled = compile(problem);
        for (const assignment of enumerate(problem)) {
          const cost = naiveCost(problem.cost, assignment);
          expect(costOf(problem.cost, assignment)).toBe(cost);
          expect(compiled.cost(compiled.choicesOf(assignment))).toBe(cost);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('refuses a format whose cost nobody knows', () => {
    const model: CostModel<string> = { base: 0, items: [{ name: 'conv', costs: { float: 1 } }], gates: [], terms: [] };
    expect(() => costOf(model, new Map([['conv', 'w4']]))).toThrow('no cost of item conv in format w4');
  });
});
