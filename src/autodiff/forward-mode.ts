import type { Builder } from './builder.js';
import { total } from './jvp/linear.js';
import type { JvpRule, MaybeTerm } from './jvp/rule.js';
import { JVP } from './jvp/table.js';
import type { Primitive } from './primitives.js';
import type { Equation, Term } from './program.js';
import { leadingTo } from './prune.js';

/** Term name -> tangent; a term that is absent does not move. */
export type Tangents = ReadonlyMap<string, Term>;

/**
 * Writes the tangents of everything that depends on `seeds`, and of what they seed itself. A seed of a term in the
 * middle of the program adds to what reaches that term from before.
 * @param of the terms whose tangents are wanted: what they do not depend on is not looked at. All, when left out.
 */
export function pushForward(b: Builder, seeds: Tangents, of?: readonly Term[]): Tangents {
  const tangents = new Map<string, Term>(seeds);
  const equations = of ? leadingTo(of, b.equations) : [...b.equations];
  const origin = b.origin;
  for (const equation of equations) {
    const t = equation.inputs.map(({ name }) => tangents.get(name));
    if (t.every((tangent) => tangent === undefined)) continue;
    b.origin = equation.origin;
    const results = carryOn(b, equation, t);
    equation.outputs.forEach(({ name }, i) => {
      const tangent = total(b, [results[i], seeds.get(name)]);
      if (tangent) tangents.set(name, tangent);
    });
  }
  b.origin = origin;
  return tangents;
}

function carryOn(b: Builder, { op, params, inputs, outputs }: Equation, t: readonly MaybeTerm[]): readonly MaybeTerm[] {
  const rule = JVP[op] as JvpRule<Primitive>;
  return rule({ b, params, x: inputs, y: outputs, t });
}
