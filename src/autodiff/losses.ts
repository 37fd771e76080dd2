import { didYouMean } from '../kernel/did-you-mean.js';
import { BitloomError } from '../kernel/errors.js';
import { Builder } from './builder.js';
import { add, exp, mul, neg, reshape, scale, slice, sqrt, sub, sum } from './ops.js';
import type { Program, Term } from './program.js';

/**
 * What is asked of one output: a number for each position, that is for each index into the output but the last axis,
 * which holds classes or features.
 */
export interface OutputLoss {
  readonly kind: keyof typeof OUTPUT_LOSSES;
  readonly output: string;
  /** An input [N,T] of token ids: the loss then compares position t of an output [N,T,K] with the id at t + 1. */
  readonly next?: string;
}

/** The sum over the outputs that it lists. */
export type Loss = readonly OutputLoss[];

export const crossEntropy = (output: string): Loss => [{ kind: 'cross-entropy', output }];
export const divergence = (output: string): Loss => [{ kind: 'kl', output }];
export const squaredError = (output: string): Loss => [{ kind: 'squared-error', output }];
export const nextToken = (output: string, next: string): Loss => [{ kind: 'cross-entropy', output, next }];
/** Start and end of an answer: two outputs [N,T] of logits over the positions of a text. */
export const span = (start: string, end: string): Loss => [...crossEntropy(start), ...crossEntropy(end)];

/** The inputs that a loss adds to a program, for each of its outputs. */
export const lossInput = {
  /** int64, a class for each position. */
  label: (output: string) => `label:${output}`,
  /** The float model's output. */
  reference: (output: string) => `reference:${output}`,
  /** A factor for each position: 1/n for a mean over n positions, 0 for what is padded. */
  weight: (output: string) => `weight:${output}`,
} as const;

interface LossSite {
  readonly b: Builder;
  readonly spec: OutputLoss;
  /** [positions..., K]. */
  readonly z: Term;
}

interface LossRule {
  /** Loss of each position [positions..., 1]. */
  readonly write: (site: LossSite) => Term;
  /** S u, where S S' is the Hessian of each position's loss in the output. */
  readonly root: (b: Builder, z: Term, u: Term) => Term;
}

const OUTPUT_LOSSES = {
  /** -log softmax(z)[label]. */
  'cross-entropy': { write: (site) => neg(site.b, picked(site)), root: softmaxRoot },
  /** KL(softmax(reference) || softmax(z)). */
  kl: {
    write: ({ b, spec, z }) => {
      const reference = b.input(lossInput.reference(spec.output), z);
      const wanted = logSoftmax(b, reference);
      return sum(b, mul(b, exp(b, wanted), sub(b, wanted, logSoftmax(b, z))), [z.shape.length - 1]);
    },
    root: softmaxRoot,
  },
  /** Half the squared distance to the reference: its Hessian in the output is the identity. */
  'squared-error': {
    write: ({ b, spec, z }) => {
      const off = sub(b, z, b.input(lossInput.reference(spec.output), z));
      return scale(b, sum(b, mul(b, off, off), [z.shape.length - 1]), 0.5);
    },
    root: (_b, _z, u) => u,
  },
} as const satisfies Record<string, LossRule>;

/** Names of what a loss adds to a program's outputs: the scores of an output that it compares. */
export const scoresOf = (output: string) => `scores:${output}`;

/**
 * The program with an output `loss`, a scalar: the weighted sum of the losses of all positions of all outputs; and an
 * output `scores:OUTPUT` for each: what goes into the Softmax that the model ends in (then `reference:OUTPUT` is the
 * logarithm of the float model's output), else the output itself; all positions but the last for `next`.
 */
export function withLoss(program: Program, loss: Loss): Program {
  const b = Builder.from(program);
  b.origin = 'loss';
  const outputs = new Map(program.outputs);
  const parts = loss.map((spec) => {
    const z = comparedScores(b, spec, outputTerm(program, spec.output));
    const weight = b.input(lossInput.weight(spec.output), { dtype: z.dtype, shape: z.shape.slice(0, -1) });
    const each = OUTPUT_LOSSES[spec.kind].write({ b, spec, z });
    outputs.set(scoresOf(spec.output), z);
    return reshape(b, sum(b, mul(b, reshape(b, each, weight.shape), weight)), []);
  });
  outputs.set(
    'loss',
    parts.reduce((all, part) => add(b, all, part)),
  );
  return b.finish(outputs);
}

/**
 * Writes S u for one output of a program with a loss, where S S' is the Hessian of the weighted loss in its scores: for
 * u of random signs, J' S u has the second moment J' H J.
 */
export function hessianRoot(b: Builder, { kind, output }: OutputLoss, scores: Term, u: Term): Term {
  const weight = b.inputNamed(lossInput.weight(output)) ?? b.scalar(1, scores.dtype);
  const factor = reshape(b, sqrt(b, weight), [...weight.shape, 1]);
  return mul(b, OUTPUT_LOSSES[kind].root(b, scores, u), factor);
}

function outputTerm(program: Program, name: string): Term {
  const term = program.outputs.get(name);
  if (term) return term;
  throw new BitloomError({
    kind: 'option',
    code: 'unknown-output',
    message: `the model has no output ${name}`,
    hint: didYouMean(name, [...program.outputs.keys()]),
  });
}

function comparedScores(b: Builder, { next }: OutputLoss, output: Term): Term {
  const z = beforeSoftmax(b, output);
  return next === undefined ? z : slice(b, z, 1, 0, z.shape[1] - 1);
}

/** What goes into the Softmax that a model ends in; the output itself where it ends in none. */
function beforeSoftmax(b: Builder, z: Term): Term {
  const last = b.producer(z);
  return last?.op === 'Softmax' && last.params.axis === z.shape.length - 1 ? last.inputs[0] : z;
}

/** log softmax(z)[label] of each position. */
function picked({ b, spec, z }: LossSite): Term {
  const positions = z.shape.slice(0, -1);
  const label = reshape(b, labelTerm(b, spec, positions), [...positions, 1]);
  return b.one('GatherElements', [logSoftmax(b, z), label], { axis: z.shape.length - 1 });
}

function labelTerm(b: Builder, { output, next }: OutputLoss, positions: readonly number[]): Term {
  if (next === undefined) return b.input(lossInput.label(output), { dtype: 'int64', shape: positions });
  const ids = b.value(next);
  if (!ids) throw new RangeError(`the model has no input ${next}`);
  return slice(b, ids, 1, 1, ids.shape[1]);
}

/** S u = sqrt(p) u - p (sqrt(p) . u), with S S' = diag(p) - p p'. */
function softmaxRoot(b: Builder, z: Term, u: Term): Term {
  const axis = z.shape.length - 1;
  const p = b.one('Softmax', [z], { axis });
  const scaled = mul(b, sqrt(b, p), u);
  return sub(b, scaled, mul(b, p, sum(b, scaled, [axis])));
}

function logSoftmax(b: Builder, z: Term): Term {
  return b.one('LogSoftmax', [z], { axis: z.shape.length - 1 });
}
