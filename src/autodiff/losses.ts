import { didYouMean } from '../kernel/did-you-mean.js';
import { BitloomError } from '../kernel/errors.js';
import { fromNumbers } from '../kernel/tensor.js';
import { Builder } from './builder.js';
import { add, concat, exp, mul, neg, reshape, scale, slice, sqrt, sub, sum, zeros } from './ops.js';
import type { Program, Term } from './program.js';

/**
 * What is asked of one output: a number for each position, that is for each index into the output but the last axis,
 * which holds classes or features.
 */
export interface OutputLoss {
  readonly kind: keyof typeof OUTPUT_LOSSES;
  readonly output: string;
  /** Whether the output holds probabilities: what they are the Softmax or Sigmoid of is compared, else their logarithms. */
  readonly probabilities?: boolean;
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
  /** H t, where H is the Hessian of each position's loss in the scores, at the reference where there is one. */
  readonly curve: (b: Builder, z: Term, t: Term) => Term;
  /** S u, where S S' = H. */
  readonly root: (b: Builder, z: Term, u: Term) => Term;
  /** Columns of S for `width` scores: the last axis of u. */
  readonly columns: (width: number) => number;
}

const OUTPUT_LOSSES = {
  /** -log softmax(z)[label]. */
  'cross-entropy': {
    write: (site) => neg(site.b, picked(site)),
    curve: softmaxCurve,
    root: softmaxRoot,
    columns: softmaxColumns,
  },
  /** KL(softmax(reference) || softmax(z)). */
  kl: {
    write: ({ b, spec, z }) => {
      const reference = b.input(lossInput.reference(spec.output), z);
      const wanted = logSoftmax(b, reference);
      return sum(b, mul(b, exp(b, wanted), sub(b, wanted, logSoftmax(b, z))), [z.shape.length - 1]);
    },
    curve: softmaxCurve,
    root: softmaxRoot,
    columns: softmaxColumns,
  },
  /** Half the squared distance to the reference: its Hessian in the output is the identity. */
  'squared-error': {
    write: ({ b, spec, z }) => {
      const off = sub(b, z, b.input(lossInput.reference(spec.output), z));
      return scale(b, sum(b, mul(b, off, off), [z.shape.length - 1]), 0.5);
    },
    curve: (_b, _z, t) => t,
    root: (_b, _z, u) => u,
    columns: (width) => width,
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

/** Writes H t for one output of a program with a loss, where H is the Hessian of the weighted loss in its scores. */
export function hessianProduct(b: Builder, { kind, output }: OutputLoss, scores: Term, t: Term): Term {
  return mul(b, OUTPUT_LOSSES[kind].curve(b, scores, t), weightColumn(b, output, scores));
}

/** Writes S u, where S S' is that Hessian: for u of random signs, J' S u has the second moment J' H J. */
export function hessianRoot(b: Builder, { kind, output }: OutputLoss, scores: Term, u: Term): Term {
  return mul(b, OUTPUT_LOSSES[kind].root(b, scores, u), sqrt(b, weightColumn(b, output, scores)));
}

/** The shape of u: that of the scores, but for the last axis. */
export function rootShape({ kind }: OutputLoss, { shape }: Term): readonly number[] {
  return shape.with(-1, OUTPUT_LOSSES[kind].columns(shape[shape.length - 1]));
}

/** The weights of the positions, [positions..., 1]. */
function weightColumn(b: Builder, output: string, scores: Term): Term {
  const weight = b.inputNamed(lossInput.weight(output)) ?? b.scalar(1, scores.dtype);
  return reshape(b, weight, [...weight.shape, 1]);
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

function comparedScores(b: Builder, { kind, next, probabilities }: OutputLoss, output: Term): Term {
  const rows = output.shape.length < 2 ? reshape(b, output, [...output.shape, 1]) : output;
  if (kind === 'squared-error') return rows;
  const z = asClasses(b, beforeSoftmax(b, output) ?? beforeSigmoid(b, output) ?? logits(b, rows, probabilities));
  return next === undefined ? z : slice(b, z, 1, 0, z.shape[1] - 1);
}

/** What goes into the Softmax that a model ends in. */
function beforeSoftmax(b: Builder, z: Term): Term | undefined {
  const last = b.producer(z);
  return last?.op === 'Softmax' && last.params.axis === z.shape.length - 1 ? last.inputs[0] : undefined;
}

/** What goes into the Sigmoid that a model with a single score ends in. */
function beforeSigmoid(b: Builder, z: Term): Term | undefined {
  const last = b.producer(z);
  return last?.op === 'Sigmoid' && z.shape[z.shape.length - 1] === 1 ? last.inputs[0] : undefined;
}

/** Below it a probability is taken as this: the smallest normal float32. */
const SMALLEST = 2 ** -126;

/** Scores whose Softmax an output is: of probabilities their logarithms, of a single one its log odds. */
function logits(b: Builder, z: Term, probabilities = false): Term {
  if (!probabilities) return z;
  const log = (p: Term) => b.one('Log', [b.one('Clip', [p], { min: SMALLEST, max: 1 })], {});
  return z.shape[z.shape.length - 1] === 1 ? sub(b, log(z), log(sub(b, b.scalar(1, z.dtype), z))) : log(z);
}

/** A single score decides between two classes: it is the second's against 0. */
function asClasses(b: Builder, z: Term): Term {
  const axis = z.shape.length - 1;
  return z.shape[axis] === 1 ? concat(b, [zeros(b, z), z], axis) : z;
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

/** H t = p t - p (p . t). */
function softmaxCurve(b: Builder, z: Term, t: Term): Term {
  const axis = z.shape.length - 1;
  const moved = mul(b, b.one('Softmax', [z], { axis }), t);
  return sub(b, moved, mul(b, b.one('Softmax', [z], { axis }), sum(b, moved, [axis])));
}

/** S u = sqrt(p) u - p (sqrt(p) . u), with S S' = diag(p) - p p'; of two classes one column is enough. */
function softmaxRoot(b: Builder, z: Term, u: Term): Term {
  const axis = z.shape.length - 1;
  const p = b.one('Softmax', [z], { axis });
  if (z.shape[axis] === 2) return mul(b, mul(b, oppositeSigns(b, z), twoClassDeviation(b, p)), u);
  const scaled = mul(b, sqrt(b, p), u);
  return sub(b, scaled, mul(b, p, sum(b, scaled, [axis])));
}

function softmaxColumns(width: number): number {
  return width === 2 ? 1 : width;
}

/** sqrt(p (1 - p)) [positions..., 1]: then S = (1, -1)' sqrt(p (1 - p)). */
function twoClassDeviation(b: Builder, p: Term): Term {
  const axis = p.shape.length - 1;
  return sqrt(b, mul(b, slice(b, p, axis, 0, 1), slice(b, p, axis, 1, 2)));
}

function oppositeSigns(b: Builder, { dtype }: Term): Term {
  if (dtype === 'string') throw new TypeError(`a ${dtype} is no number`);
  return b.constant(fromNumbers(dtype, [2], [1, -1]), 'signs');
}

function logSoftmax(b: Builder, z: Term): Term {
  return b.one('LogSoftmax', [z], { axis: z.shape.length - 1 });
}
