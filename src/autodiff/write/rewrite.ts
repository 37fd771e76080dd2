import { Builder } from '../builder.js';
import type { Params, Primitive } from '../primitives.js';
import type { Equation, Program, Term } from '../program.js';

export interface RewriteSite<P extends Primitive> {
  readonly b: Builder;
  readonly params: Params[P];
  readonly inputs: readonly Term[];
}

/** Says the same in other equations; undefined where the equation stays. */
export type RewriteRule<P extends Primitive> = (site: RewriteSite<P>) => readonly Term[] | undefined;

export type RewriteTable = { readonly [P in Primitive]?: RewriteRule<P> };

/** The program with equations replaced by what the rules write; inputs and outputs keep their names. */
export function rewrite(program: Program, rules: RewriteTable): Program {
  const b = new Builder();
  const terms = new Map<string, Term>();
  for (const input of program.inputs) terms.set(input.name, b.input(input.name, input));
  for (const [name, value] of program.constants) terms.set(name, b.constant(value, name));
  const now = (term: Term): Term => terms.get(term.name) ?? term;
  for (const equation of program.equations) {
    b.origin = equation.origin;
    const inputs = equation.inputs.map(now);
    const results = rewritten(b, equation, inputs, rules) ?? b.all(equation.op, inputs, equation.params);
    equation.outputs.forEach((output, i) => {
      if (results[i]) terms.set(output.name, results[i]);
    });
  }
  for (const [name, term] of program.values) if (terms.has(term.name)) b.setValue(name, now(term));
  return b.finish(new Map([...program.outputs].map(([name, term]) => [name, now(term)])));
}

function rewritten(b: Builder, { op, params }: Equation, inputs: readonly Term[], rules: RewriteTable) {
  const rule = rules[op] as RewriteRule<Primitive> | undefined;
  return rule?.({ b, params, inputs });
}
