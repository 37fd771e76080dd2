import { Builder } from '../autodiff/builder.js';
import type { Loss } from '../autodiff/losses.js';
import { mul, reshape, sum, zeros } from '../autodiff/ops.js';
import { gaussNewton, gradientOf, productOf, rootProduct, tangentOf } from '../autodiff/products.js';
import type { Program, Term } from '../autodiff/program.js';

/**
 * Writes the program that estimates traces: its scalar outputs `trace:W`, one for each name of `wrt`, have over random
 * signs in its `probe:` and `tangent:` inputs the expectation tr(H_WW), where H is the Hessian of a loss that `program`
 * has, summed over the samples of a run. H is the Gauss-Newton matrix J' F J, which under KL is exact.
 */
export type TraceEstimator = (program: Program, wrt: readonly string[], loss: Loss) => Program;

export const traceOf = (name: string) => `trace:${name}`;

export type TraceEstimatorName = 'outputs' | 'weights';

/** Two ways to the same traces; ADR 0130 has what each costs for a given error. */
export const TRACE_ESTIMATORS: { readonly [E in TraceEstimatorName]: TraceEstimator } = {
  /** E ||J_W' S u||^2 with F = S S' and u over the outputs: one product J' S u serves every W. */
  outputs: (program, wrt, loss) => {
    const derived = rootProduct(program, wrt, loss);
    return traces(derived, wrt, (b, name) => {
      const slope = termOf(derived, gradientOf(name));
      return total(b, mul(b, slope, slope));
    });
  },
  /** E v_W . (J' F J v)_W with v over all W at once (Hutchinson): what two of them share adds variance. */
  weights: (program, wrt, loss) => {
    const derived = gaussNewton(program, wrt, loss);
    return traces(derived, wrt, (b, name) => {
      const v = b.inputNamed(tangentOf(name));
      const product = termOf(derived, productOf(name));
      return v ? total(b, mul(b, v, product)) : zeros(b, { ...product, shape: [] });
    });
  },
};

function traces(program: Program, wrt: readonly string[], write: (b: Builder, name: string) => Term): Program {
  const b = Builder.from(program);
  return b.finish(new Map(wrt.map((name) => [traceOf(name), write(b, name)])));
}

function total(b: Builder, x: Term): Term {
  return reshape(b, sum(b, x), []);
}

function termOf(program: Program, name: string): Term {
  const term = program.outputs.get(name) ?? program.values.get(name);
  if (!term) throw new RangeError(`the program has no ${name}`);
  return term;
}
