import type { Builder } from './builder.js';
import { add } from './ops.js';
import type { Primitive } from './primitives.js';
import { type Equation, printType, sameType, type Term } from './program.js';
import type { TransposeRule } from './transpose/rule.js';
import { TRANSPOSE } from './transpose/table.js';

/**
 * Writes the adjoint of a linear map that stands in the builder: the map from the terms `from` to the terms that have
 * a cotangent here. Gives the cotangents of `from`; undefined where the map does not depend on one.
 * @param cotangents name of an output of the map -> its cotangent.
 */
export function pullBack(
  b: Builder,
  from: readonly Term[],
  cotangents: ReadonlyMap<string, Term>,
): readonly (Term | undefined)[] {
  const moving = new Set(from.map(({ name }) => name));
  const map = b.equations.filter((equation) => moves(equation, moving));
  const found = new Map(cotangents);
  const origin = b.origin;
  for (const equation of map.reverse()) {
    b.origin = equation.origin;
    pullThrough(b, equation, moving, found);
  }
  b.origin = origin;
  return from.map(({ name }) => found.get(name));
}

/** Whether the equation depends on what moves; its outputs then move too. */
function moves({ inputs, outputs }: Equation, moving: Set<string>): boolean {
  const dependent = inputs.some(({ name }) => moving.has(name));
  if (dependent) for (const { name } of outputs) moving.add(name);
  return dependent;
}

function pullThrough(b: Builder, equation: Equation, moving: ReadonlySet<string>, found: Map<string, Term>): void {
  const { op, params, inputs, outputs } = equation;
  const ct = found.get(outputs[0].name);
  if (!ct) return;
  const rule = TRANSPOSE[op] as TransposeRule<Primitive> | 'never-linear';
  if (rule === 'never-linear') throw new RangeError(`${op} stands in a linear map (${equation.origin})`);
  const linear = inputs.map(({ name }) => moving.has(name));
  const results = rule({ b, params, x: inputs, y: outputs, linear, ct });
  inputs.forEach((input, i) => {
    const result = linear[i] ? results[i] : undefined;
    if (result) accumulate(b, found, input, result);
  });
}

function accumulate(b: Builder, found: Map<string, Term>, input: Term, ct: Term): void {
  if (!sameType(input, ct)) throw new RangeError(`a cotangent of ${printType(input)} came out as ${printType(ct)}`);
  const before = found.get(input.name);
  found.set(input.name, before ? add(b, before, ct) : ct);
}
