import type { Equation, Program, Term } from './program.js';

/** The outputs, those first that are made last; inputs and constants at the end. */
export function lastMadeFirst(program: Program): readonly (readonly [string, Term])[] {
  const made = madeAt(program);
  const at = ({ name }: Term) => made.get(name) ?? -1;
  return [...program.outputs].sort(([, a], [, b]) => at(b) - at(a));
}

/**
 * The equations in the order in which ONNX Runtime runs them once `toModel` has written them: depth first from the outputs,
 * the one that is made first at the beginning, and of what an equation reads first what stands last
 * (`Graph::ReverseDFSFrom` in its graph.cc).
 */
export function runOrder(program: Program): readonly Equation[] {
  const { equations } = program;
  const made = madeAt(program);
  const before = (terms: readonly Term[]) => terms.flatMap(({ name }) => made.get(name) ?? []).sort((a, b) => a - b);
  const order: Equation[] = [];
  const entered = new Set<number>();
  const open: Step[] = before([...program.outputs.values()])
    .reverse()
    .map(enter);
  for (let step = open.pop(); step; step = open.pop()) {
    if (step.leave) order.push(equations[step.at]);
    else if (!entered.has(step.at)) {
      entered.add(step.at);
      open.push({ at: step.at, leave: true }, ...before(equations[step.at].inputs).map(enter));
    }
  }
  return order;
}

/** An equation's position; it is run when it is left. */
interface Step {
  readonly at: number;
  readonly leave: boolean;
}

function enter(at: number): Step {
  return { at, leave: false };
}

/** Term name -> position of its equation. */
function madeAt({ equations }: Program): ReadonlyMap<string, number> {
  return new Map(equations.flatMap(({ outputs }, i) => outputs.map(({ name }) => [name, i])));
}
