import { didYouMean } from '../kernel/did-you-mean.js';
import { type Problem, throwAll } from '../kernel/errors.js';
import { type Equation, type EquationOf, isFloat, type Program, type Term } from './program.js';

/**
 * Throws one error that names every node on a path from the values `wrt` to `of` that has no derivative rule, and every
 * name that the program does not have or that is no float. `of` is an output or a value.
 */
export function assertDifferentiable(program: Program, wrt: readonly string[], of: string): void {
  throwAll([...wrt, of].flatMap((name) => nameProblem(program, name)));
  const sources = sourcesOf(program, of);
  throwAll(
    onTheWay(program, wrt).flatMap((each) =>
      each.op === 'Opaque' && each.outputs.some(({ name }) => sources.has(name)) ? [noRule(each)] : [],
    ),
  );
}

/** Those of `wrt` that `of` does not depend on: its derivative by them is 0, and a sensitivity to them is 0 too. */
export function independentOf(program: Program, wrt: readonly string[], of: string): readonly string[] {
  const sources = sourcesOf(program, of);
  return wrt.filter((name) => !sources.has(termOf(program, name)?.name ?? ''));
}

/** Names of the terms from which a tangent reaches `of`. */
function sourcesOf(program: Program, of: string): ReadonlySet<string> {
  const sources = new Set([termOf(program, of)?.name ?? '']);
  for (const equation of program.equations.toReversed()) {
    if (isFlat(equation) || !equation.outputs.some(({ name }) => sources.has(name))) continue;
    for (const { name, dtype } of equation.inputs) if (isFloat(dtype)) sources.add(name);
  }
  return sources;
}

/** Equations that a tangent of `wrt` reaches, in order; it does not pass whole numbers, truth values and steps. */
function onTheWay(program: Program, wrt: readonly string[]): readonly Equation[] {
  const moving = new Set(wrt.flatMap((name) => termOf(program, name)?.name ?? []));
  return program.equations.filter((equation) => {
    if (!equation.inputs.some(({ name }) => moving.has(name))) return false;
    const open = equation.outputs.filter(({ dtype }) => isFloat(dtype) && !isFlat(equation));
    for (const { name } of open) moving.add(name);
    return open.length > 0;
  });
}

function isFlat(equation: Equation): boolean {
  return equation.op === 'Sign' || (equation.op === 'Opaque' && equation.params.flat === true);
}

function noRule({ params: { op }, origin }: EquationOf<'Opaque'>): Problem {
  return {
    kind: 'model',
    code: 'not-differentiable',
    message: `${op} has no derivative rule`,
    place: { node: origin, op },
    hint: 'export the model with operators that have one, or differentiate by values that do not pass it',
  };
}

function nameProblem(program: Program, name: string): readonly Problem[] {
  const term = termOf(program, name);
  if (!term) {
    const hint = didYouMean(name, [...program.values.keys()]);
    return [{ kind: 'option', code: 'unknown-value', message: `the model has no value ${name}`, hint }];
  }
  if (isFloat(term.dtype)) return [];
  const message = `${name} is ${term.dtype}: only floats have derivatives`;
  return [{ kind: 'option', code: 'not-differentiable', message, place: { tensor: name } }];
}

function termOf(program: Program, name: string): Term | undefined {
  return program.outputs.get(name) ?? program.values.get(name);
}
