import type { DType } from '../kernel/dtype.js';
import { scalarOf, type Tensor, toNumbers } from '../kernel/tensor.js';
import type { Params, Primitive } from './primitives.js';
import { type Equation, sameType, type Term } from './program.js';
import { broadcastShape } from './shapes/elementwise.js';

/** What stands in the program so far, and how to add to it: the builder. */
interface Written {
  constantValue(term: Term): Tensor | undefined;
  producer(term: Term): Equation | undefined;
  scalar(value: number, dtype?: DType): Term;
  one<P extends Primitive>(op: P, inputs: readonly Term[], params: Params[P]): Term;
}

interface Site<P extends Primitive> {
  readonly b: Written;
  readonly inputs: readonly Term[];
  readonly params: Params[P];
}

/** The result where it is plain to see; undefined where the operator has to run. */
type Rule<P extends Primitive> = (site: Site<P>) => Term | undefined;

const RULES: { readonly [P in Primitive]?: Rule<P> } = {
  Neg: ({ b, inputs: [x] }) => undone(b, x, 'Neg'),
  Add: ({ b, inputs: [x, y] }) => neutral(b, x, y, 0) ?? neutral(b, y, x, 0) ?? unexpanded(b, 'Add', x, y),
  Sub: ({ b, inputs: [x, y] }) => neutral(b, x, y, 0) ?? unexpanded(b, 'Sub', x, y),
  Mul: ({ b, inputs: [x, y] }) =>
    neutral(b, x, y, 1) ?? neutral(b, y, x, 1) ?? scaledTwice(b, x, y) ?? unexpanded(b, 'Mul', x, y),
  Div: ({ b, inputs: [x, y] }) => neutral(b, x, y, 1) ?? unexpanded(b, 'Div', x, y),
  Cast: ({ inputs: [x], params }) => (x.dtype === params.to ? x : undefined),
  Reshape: ({ b, inputs: [x], params }) => {
    if (sameDims(x.shape, params.shape)) return x;
    const before = b.producer(x);
    return before?.op === 'Reshape' ? b.one('Reshape', before.inputs, params) : undefined;
  },
  Transpose: ({ b, inputs: [x], params }) => {
    if (params.perm.every((axis, i) => axis === i)) return x;
    if (keepsOrder(x, params.perm)) return b.one('Reshape', [x], { shape: params.perm.map((axis) => x.shape[axis]) });
    const before = b.producer(x);
    if (before?.op !== 'Transpose') return undefined;
    return b.one('Transpose', before.inputs, { perm: params.perm.map((axis) => before.params.perm[axis]) });
  },
  Expand: ({ inputs: [x], params }) => (sameDims(x.shape, params.shape) ? x : undefined),
  Concat: ({ inputs }) => (inputs.length === 1 ? inputs[0] : undefined),
  Pad: ({ inputs: [x], params }) => (params.pads.every((pad) => pad === 0) ? x : undefined),
  Slice: ({ inputs: [x], params: { starts, ends, steps } }) =>
    x.shape.every((dim, i) => starts[i] === 0 && ends[i] >= dim && steps[i] === 1) ? x : undefined,
  ReduceSum: ({ b, inputs: [x], params }) =>
    params.axes.every((axis) => x.shape[axis] === 1) ? x : summedTwice(b, x, params.axes),
};

export function simplified<P extends Primitive>(
  b: Written,
  op: P,
  inputs: readonly Term[],
  params: Params[P],
): Term | undefined {
  return RULES[op]?.({ b, inputs, params });
}

/** `x` where `y` is the neutral constant and does not broaden it. */
function neutral(b: Written, x: Term, y: Term, value: number): Term | undefined {
  if (y.shape.length > x.shape.length || !isAll(b, y, value)) return undefined;
  const aligned = y.shape.every((dim, i) => dim === 1 || dim === x.shape[i + x.shape.length - y.shape.length]);
  return aligned && x.dtype === y.dtype ? x : undefined;
}

function isAll(b: Written, term: Term, value: number): boolean {
  const constant = b.constantValue(term);
  return constant !== undefined && constant.dims.length === 0 && toNumbers(constant)[0] === value;
}

function undone(b: Written, x: Term, op: Primitive): Term | undefined {
  const before = b.producer(x);
  return before?.op === op ? before.inputs[0] : undefined;
}

/** The operator on what was expanded, where the other operand broadens it as much. */
function unexpanded(b: Written, op: 'Add' | 'Sub' | 'Mul' | 'Div', x: Term, y: Term): Term | undefined {
  const [first, second] = [x, y].map((term) => narrow(b, term));
  const shape = broadcastShape([x.shape, y.shape]);
  for (const pair of [
    [first, y],
    [x, second],
  ]) {
    const changed = pair.some((term, i) => term !== [x, y][i]);
    if (changed && sameDims(broadcastShape(pair.map((term) => term.shape)), shape)) return b.one(op, pair, {});
  }
  return undefined;
}

/** What an Expand was given. */
function narrow(b: Written, term: Term): Term {
  const before = b.producer(term);
  return before?.op === 'Expand' ? before.inputs[0] : term;
}

/** Whether a permutation moves axes of size 1 only. */
function keepsOrder(x: Term, perm: readonly number[]): boolean {
  const long = perm.filter((axis) => x.shape[axis] !== 1);
  return long.every((axis, i) => i === 0 || long[i - 1] < axis);
}

/** a * (c * x) = (a c) * x for scalar constants a and c. */
function scaledTwice(b: Written, x: Term, y: Term): Term | undefined {
  const [outer, inner] = isScalar(b, y) ? [y, x] : [x, y];
  const before = b.producer(inner);
  if (!isScalar(b, outer) || before?.op !== 'Mul') return undefined;
  const [first, second] = before.inputs;
  const [scale, rest] = isScalar(b, second) ? [second, first] : [first, second];
  const scales = [b.constantValue(scale), b.constantValue(outer)];
  if (!isScalar(b, scale) || !scales[0] || !scales[1] || !sameType(scale, outer)) return undefined;
  return b.one('Mul', [rest, b.scalar(scalarOf(scales[0]) * scalarOf(scales[1]), outer.dtype)], {});
}

function summedTwice(b: Written, x: Term, axes: readonly number[]): Term | undefined {
  const before = b.producer(x);
  if (before?.op !== 'ReduceSum') return undefined;
  const all = [...new Set([...before.params.axes, ...axes])].sort((p, q) => p - q);
  return b.one('ReduceSum', before.inputs, { axes: all });
}

function isScalar(b: Written, term: Term): boolean {
  return term.shape.length === 0 && b.constantValue(term) !== undefined;
}

function sameDims(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}
