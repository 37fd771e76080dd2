import type { Equation, Program, Term } from './program.js';

/** The program without the inputs, constants and equations that no output needs. */
export function prune(program: Program): Program {
  const outputs = [...program.outputs.values()];
  const kept = leadingTo(outputs, program.equations);
  const needed = new Set([...outputs, ...kept.flatMap(({ inputs }) => inputs)].map(({ name }) => name));
  assertClosed(program, kept, needed);
  const living = new Set([...needed, ...kept.flatMap(({ outputs }) => outputs.map(({ name }) => name))]);
  return {
    ...program,
    inputs: program.inputs.filter(({ name }) => needed.has(name)),
    equations: kept,
    constants: new Map([...program.constants].filter(([name]) => needed.has(name))),
    values: new Map([...program.values].filter(([, term]) => living.has(term.name))),
  };
}

/** The equations that these terms need, in order. */
export function leadingTo(terms: readonly Term[], equations: readonly Equation[]): readonly Equation[] {
  const needed = new Set(terms.map(({ name }) => name));
  const kept: Equation[] = [];
  for (const equation of equations.toReversed()) {
    if (!equation.outputs.some(({ name }) => needed.has(name))) continue;
    kept.push(equation);
    for (const { name } of equation.inputs) needed.add(name);
  }
  return kept.reverse();
}

function assertClosed(
  { inputs, constants }: Program,
  equations: readonly Equation[],
  needed: ReadonlySet<string>,
): void {
  const made = new Set([...inputs, ...equations.flatMap(({ outputs }) => outputs)].map(({ name }) => name));
  const open = [...needed].find((name) => !made.has(name) && !constants.has(name));
  if (open !== undefined) throw new RangeError(`nothing makes ${open}`);
}
