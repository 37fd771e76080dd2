import { itemCost } from './cost-model.js';
import { itemsOf, type Problem } from './problem.js';
import type { Assignment } from './space.js';

/** One choice an item: a position on its ladder, items in the problem's order. */
export type Choices = readonly number[];

/** A problem compiled to numbers: what a local search asks thousands of times. */
export interface Evaluator<F extends string> {
  readonly ladders: readonly (readonly F[])[];
  /** What `costOf` says of the same assignment, up to rounding. */
  cost(choices: Choices): number;
  damage(choices: Choices): number;
  assignmentOf(choices: Choices): Assignment<F>;
  choicesOf(assignment: Assignment<F>): Choices;
}

type Truths = readonly boolean[];

export function compile<F extends string>(problem: Problem<F>): Evaluator<F> {
  const items = itemsOf(problem);
  const ladders = items.map((item) => problem.ladder(item));
  const costs = problem.cost.items.map((item, at) => ladders[at].map((format) => itemCost(item, format)));
  const gates = compileGates(problem, new Map(items.map((item, at) => [item, at])));
  const assignmentOf = (choices: Choices) => new Map(items.map((item, at) => [item, ladders[at][choices[at]]]));
  return {
    ladders,
    cost: (choices) => {
      const truths: boolean[] = [];
      for (const gate of gates) truths.push(gate(choices, truths));
      let cost = problem.cost.base;
      for (let at = 0; at < costs.length; at++) cost += costs[at][choices[at]];
      for (const term of problem.cost.terms) if (truths[term.gate]) cost += term.cost;
      return cost;
    },
    damage: (choices) => problem.damage.damage(assignmentOf(choices)),
    assignmentOf,
    choicesOf: (assignment) => items.map((item, at) => positionOf(ladders[at], assignment.get(item))),
  };
}

/** 0 for an item that has no format, or one that is not on its ladder. */
function positionOf<F extends string>(ladder: readonly F[], format: F | undefined): number {
  return format === undefined ? 0 : Math.max(0, ladder.indexOf(format));
}

function compileGates<F extends string>(
  { cost, ladder }: Problem<F>,
  positions: ReadonlyMap<string, number>,
): readonly ((choices: Choices, truths: Truths) => boolean)[] {
  return cost.gates.map((gate) => {
    if ('is' in gate) {
      const at = positions.get(gate.is) ?? -1;
      const truth = at < 0 ? [] : ladder(gate.is).map((format) => gate.formats.includes(format));
      return (choices) => truth[choices[at]] === true;
    }
    if ('and' in gate) return (_, truths) => !holdsAny(gate.and, truths, false);
    if ('or' in gate) return (_, truths) => holdsAny(gate.or, truths, true);
    return (_, truths) => !truths[gate.not];
  });
}

/** Whether some input is `wanted`. A plain loop: this is what a local search spends its time on. */
function holdsAny(inputs: readonly number[], truths: Truths, wanted: boolean): boolean {
  for (const input of inputs) if (truths[input] === wanted) return true;
  return false;
}
