import type { Builder } from './builder.js';
import type { Term } from './program.js';
import { broadcastShape } from './shapes/elementwise.js';

/** The operators that rules use most, as functions. */
export const add = (b: Builder, x: Term, y: Term): Term => b.one('Add', [x, y], {});
export const sub = (b: Builder, x: Term, y: Term): Term => b.one('Sub', [x, y], {});
export const mul = (b: Builder, x: Term, y: Term): Term => b.one('Mul', [x, y], {});
export const div = (b: Builder, x: Term, y: Term): Term => b.one('Div', [x, y], {});
export const neg = (b: Builder, x: Term): Term => b.one('Neg', [x], {});
export const exp = (b: Builder, x: Term): Term => b.one('Exp', [x], {});
export const sqrt = (b: Builder, x: Term): Term => b.one('Sqrt', [x], {});
export const relu = (b: Builder, x: Term): Term => b.one('Relu', [x], {});
export const sign = (b: Builder, x: Term): Term => b.one('Sign', [x], {});
export const square = (b: Builder, x: Term): Term => mul(b, x, x);
export const scale = (b: Builder, x: Term, factor: number): Term => mul(b, x, b.scalar(factor, x.dtype));
export const shift = (b: Builder, x: Term, offset: number): Term => add(b, x, b.scalar(offset, x.dtype));

export const reshape = (b: Builder, x: Term, shape: readonly number[]): Term => b.one('Reshape', [x], { shape });
export const expand = (b: Builder, x: Term, shape: readonly number[]): Term => b.one('Expand', [x], { shape });
export const permute = (b: Builder, x: Term, perm: readonly number[]): Term => b.one('Transpose', [x], { perm });
export const concat = (b: Builder, inputs: readonly Term[], axis: number): Term => b.one('Concat', inputs, { axis });
export const pad = (b: Builder, x: Term, pads: readonly number[]): Term => b.one('Pad', [x], { pads });

export const matmul = (b: Builder, x: Term, y: Term, transA = false, transB = false): Term =>
  b.one('MatMul', [x, y], { transA, transB });

/** Sum over axes, which keep size 1. */
export const sum = (b: Builder, x: Term, axes: readonly number[] = allAxes(x)): Term =>
  b.one('ReduceSum', [x], { axes });

/** Mean over axes, which keep size 1. */
export function mean(b: Builder, x: Term, axes: readonly number[]): Term {
  const count = axes.reduce((product, axis) => product * x.shape[axis], 1);
  return scale(b, sum(b, x, axes), 1 / count);
}

export function zeros(b: Builder, { dtype, shape }: Omit<Term, 'name'>): Term {
  return expand(b, b.scalar(0, dtype), shape);
}

/** One axis cut out. */
export function slice(b: Builder, x: Term, axis: number, start: number, end: number): Term {
  const starts = x.shape.map((_, i) => (i === axis ? start : 0));
  return b.one('Slice', [x], { starts, ends: x.shape.with(axis, end), steps: x.shape.map(() => 1) });
}

/** Brought to the shape that broadcasting with the others would give it. */
export function broadcastTo(b: Builder, x: Term, others: readonly Term[]): Term {
  return expand(b, x, broadcastShape([x, ...others].map(({ shape }) => shape)));
}

/** The adjoint of broadcasting `shape` to `x`'s: sums over what was repeated. */
export function sumTo(b: Builder, x: Term, shape: readonly number[]): Term {
  const lead = x.shape.length - shape.length;
  const axes = x.shape.flatMap((dim, i) => (i < lead || (shape[i - lead] === 1 && dim !== 1) ? [i] : []));
  return reshape(b, axes.length > 0 ? sum(b, x, axes) : x, shape);
}

export function allAxes(x: Omit<Term, 'name'>): readonly number[] {
  return x.shape.map((_, axis) => axis);
}
