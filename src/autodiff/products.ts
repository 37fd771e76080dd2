import { didYouMean } from '../kernel/did-you-mean.js';
import { type Problem, throwAll } from '../kernel/errors.js';
import { Builder } from './builder.js';
import { pushForward, type Tangents } from './forward-mode.js';
import { hessianProduct, hessianRoot, type Loss, rootShape, scoresOf } from './losses.js';
import { add, mul, reshape, sum, zeros } from './ops.js';
import type { Program, Term } from './program.js';
import { pullBack } from './reverse-mode.js';

/** Names of the inputs and outputs that a derivative adds, from those of the values that they belong to. */
export const tangentOf = (name: string) => `tangent:${name}`;
export const cotangentOf = (name: string) => `cotangent:${name}`;
export const gradientOf = (name: string) => `gradient:${name}`;
export const probeOf = (output: string) => `probe:${output}`;
export const productOf = (name: string) => `product:${name}`;

/** How an exact Hessian-vector product is put together; all give the same numbers. */
export type HessianMode = keyof typeof HESSIAN_MODES;

/** J v: inputs `tangent:W` for each W of `wrt`, outputs `tangent:OUT` for each of `of`. */
export function jvp(program: Program, wrt: readonly string[], of: readonly string[]): Program {
  const b = Builder.from(program);
  const outputs = terms(program, of);
  const tangents = pushForward(b, seeds(b, program, wrt), outputs);
  const results = outputs.map((term) => tangents.get(term.name) ?? zeros(b, term));
  return b.finish(named(of, tangentOf, results));
}

/** J' u: inputs `cotangent:OUT` for each of `of`, outputs `gradient:W` for each of `wrt`. */
export function vjp(program: Program, wrt: readonly string[], of: readonly string[]): Program {
  const b = Builder.from(program);
  const outputs = terms(program, of);
  const cotangents = outputs.map((term, i) => b.input(cotangentOf(of[i]), term));
  return b.finish(named(wrt, gradientOf, writeGradients(b, terms(program, wrt), outputs, cotangents)));
}

/** Outputs `gradient:W` of a scalar output. */
export function gradient(program: Program, wrt: readonly string[], loss = 'loss'): Program {
  const b = Builder.from(program);
  return b.finish(named(wrt, gradientOf, slopes(b, terms(program, wrt), scalar(program, loss))));
}

/** H v of a scalar output: inputs `tangent:W`, outputs `product:W`. */
export function hvp(
  program: Program,
  wrt: readonly string[],
  mode: HessianMode = 'forward-over-reverse',
  loss = 'loss',
): Program {
  const b = Builder.from(program);
  const v = seeds(b, program, wrt);
  return b.finish(named(wrt, productOf, HESSIAN_MODES[mode](b, terms(program, wrt), v, scalar(program, loss))));
}

type HessianRule = (b: Builder, at: readonly Term[], v: Tangents, loss: Term) => readonly Term[];

const HESSIAN_MODES = {
  'forward-over-reverse': (b, at, v, loss) => {
    const gradients = slopes(b, at, loss);
    const tangents = pushForward(b, v, gradients);
    return gradients.map((term) => tangents.get(term.name) ?? zeros(b, term));
  },
  'reverse-over-forward': (b, at, v, loss) => {
    const slope = pushForward(b, v, [loss]).get(loss.name) ?? zeros(b, loss);
    return slopes(b, at, slope);
  },
  'reverse-over-reverse': (b, at, v, loss) => {
    const dots = slopes(b, at, loss).map((term, i) => dot(b, term, v.get(at[i].name) ?? zeros(b, term)));
    return slopes(
      b,
      at,
      dots.reduce((total, each) => add(b, total, each)),
    );
  },
} as const satisfies Readonly<Record<string, HessianRule>>;

/**
 * J' H J v, the Gauss-Newton product of a program with a loss: H is the loss's Hessian in the scores that it compares,
 * J their derivative by `wrt`. Inputs `tangent:W`, outputs `product:W`. For the divergence from the model's own float
 * output it is the exact Hessian (DESIGN.md, section 4).
 */
export function gaussNewton(program: Program, wrt: readonly string[], loss: Loss): Program {
  const b = Builder.from(program);
  const at = terms(program, wrt);
  const scores = terms(
    program,
    loss.map(({ output }) => scoresOf(output)),
  );
  const v = seeds(b, program, wrt);
  const tangents = pushForward(b, v, scores);
  const moved = scores.map((term) => tangents.get(term.name) ?? zeros(b, term));
  const curved = loss.map((spec, i) => hessianProduct(b, spec, scores[i], moved[i]));
  const cotangents = new Map(moved.map((term, i) => [term.name, curved[i]]));
  const from = at.map((term) => v.get(term.name) ?? zeros(b, term));
  const products = pullBack(b, from, cotangents).map((term, i) => term ?? zeros(b, at[i]));
  return b.finish(named(wrt, productOf, products));
}

/**
 * J' S u of a program with a loss, where S S' is the loss's Hessian in its scores: one gradient whose second moment
 * over u of random signs is the Gauss-Newton matrix. Inputs `probe:OUTPUT` (`rootShape`), outputs `gradient:W`.
 */
export function rootProduct(program: Program, wrt: readonly string[], loss: Loss): Program {
  const b = Builder.from(program);
  const scores = terms(
    program,
    loss.map(({ output }) => scoresOf(output)),
  );
  const cotangents = loss.map((spec, i) => {
    const shape = rootShape(spec, scores[i]);
    return hessianRoot(b, spec, scores[i], b.input(probeOf(spec.output), { ...scores[i], shape }));
  });
  return b.finish(named(wrt, gradientOf, writeGradients(b, terms(program, wrt), scores, cotangents)));
}

/** Writes the gradient of a scalar. */
function slopes(b: Builder, at: readonly Term[], loss: Term): readonly Term[] {
  return writeGradients(b, at, [loss], [b.scalar(1, loss.dtype)]);
}

/**
 * Writes J' u by the adjoint of the map J: its variables stand for directions that nobody feeds, and are gone once
 * the map is transposed.
 */
export function writeGradients(
  b: Builder,
  at: readonly Term[],
  of: readonly Term[],
  cotangents: readonly Term[],
): readonly Term[] {
  const variables = at.map((term) => b.variable(term));
  const tangents = pushForward(b, new Map(at.map(({ name }, i) => [name, variables[i]])), of);
  const reached = new Map<string, Term>();
  of.forEach(({ name }, i) => {
    const tangent = tangents.get(name);
    if (tangent) reached.set(tangent.name, cotangents[i]);
  });
  return pullBack(b, variables, reached).map((term, i) => term ?? zeros(b, at[i]));
}

/** An input `tangent:W` for each W. */
function seeds(b: Builder, program: Program, wrt: readonly string[]): Tangents {
  const at = terms(program, wrt);
  return new Map(at.map((term, i) => [term.name, b.input(tangentOf(wrt[i]), term)]));
}

function dot(b: Builder, x: Term, y: Term): Term {
  return reshape(b, sum(b, mul(b, x, y)), []);
}

function named(names: readonly string[], key: (name: string) => string, results: readonly Term[]) {
  return new Map(names.map((name, i) => [key(name), results[i]]));
}

function scalar(program: Program, name: string): Term {
  const [loss] = terms(program, [name]);
  if (loss.shape.length === 0) return loss;
  throw new RangeError(`${name} is no scalar`);
}

/** The terms of outputs or values of the model. Throws one error that names all that are unknown. */
function terms(program: Program, names: readonly string[]): readonly Term[] {
  const found = names.map((name) => program.outputs.get(name) ?? program.values.get(name));
  throwAll(names.flatMap((name, i) => (found[i] ? [] : [unknown(program, name)])));
  return found.filter((term) => term !== undefined);
}

function unknown(program: Program, name: string): Problem {
  return {
    kind: 'option',
    code: 'unknown-value',
    message: `the model has no value ${name}`,
    hint: didYouMean(name, [...program.values.keys()]),
  };
}
