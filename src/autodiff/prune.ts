import type { Equation, Program } from './program.js';

/** The program without the equations and constants that no output needs. Inputs stay. */
export function prune(program: Program): Program {
  const needed = new Set([...program.outputs.values()].map(({ name }) => name));
  const kept: Equation[] = [];
  for (const equation of program.equations.toReversed()) {
    if (!equation.outputs.some(({ name }) => needed.has(name))) continue;
    kept.push(equation);
    for (const { name } of equation.inputs) needed.add(name);
  }
  const living = new Set([...needed, ...kept.flatMap(({ outputs }) => outputs.map(({ name }) => name))]);
  for (const { name } of program.inputs) living.add(name);
  return {
    ...program,
    equations: kept.reverse(),
    constants: new Map([...program.constants].filter(([name]) => needed.has(name))),
    values: new Map([...program.values].filter(([, term]) => living.has(term.name))),
  };
}
