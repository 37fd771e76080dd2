import { random } from '../../src/kernel/random.js';
import { sizeOf } from '../../src/kernel/shape.js';
import { type DenseTensor, type Tensor, tensor, toNumbers } from '../../src/kernel/tensor.js';
import type { TensorMap } from '../../src/runtime/session.js';

/** Tensors of one space by name: a point, a direction, a gradient. */
export type Vector = Readonly<Record<string, Tensor>>;

type Named = readonly { readonly name: string; readonly dtype: Tensor['dtype']; readonly shape: readonly number[] }[];

/** Normal numbers from a seed, for each of these names. */
export function normal(space: Named, seed: number): Vector {
  const next = stream(seed);
  return Object.fromEntries(space.map((term) => [term.name, filled(term, next)]));
}

/** A prime, so that no axis of a tensor repeats in step with it. */
const PERIOD = 262_147;

/** Normal numbers that repeat after a long period: a network of 10^8 weights is filled in a moment. */
export function stream(seed: number): () => number {
  const source = random(seed);
  const drawn: number[] = [];
  let at = 0;
  return () => {
    if (drawn.length < PERIOD) return drawn[drawn.push(source.normal()) - 1];
    at = (at + 1) % PERIOD;
    return drawn[at];
  };
}

function filled({ dtype, shape }: Named[number], next: () => number): DenseTensor {
  const values = dtype === 'float32' ? new Float32Array(sizeOf(shape)) : new Float64Array(sizeOf(shape));
  for (let i = 0; i < values.length; i++) values[i] = next();
  return tensor(dtype === 'float32' ? 'float32' : 'float64', shape, values);
}

/** x + step * v; what v does not name stays. */
export function moved(x: TensorMap, v: Vector, step: number): TensorMap {
  return { ...x, ...combined((name) => x[name], v, step) };
}

/** a * v + w. */
export function combination(a: number, v: Vector, w: Vector): Vector {
  return combined((name) => w[name], v, a);
}

function combined(base: (name: string) => Tensor, v: Vector, factor: number): Vector {
  return Object.fromEntries(
    Object.entries(v).map(([name, direction]) => {
      const from = toNumbers(base(name));
      return [name, mapped(direction, (item, i) => from[i] + factor * item)];
    }),
  );
}

/** The central difference quotient of two results. */
export function quotient(above: Vector, below: Vector, step: number): Vector {
  const difference = combination(-1, below, above);
  return Object.fromEntries(
    Object.entries(difference).map(([name, item]) => [name, mapped(item, (each) => each / (2 * step))]),
  );
}

/** Of the same type and shape; what is neither float32 nor float64 comes out as float64. */
function mapped(like: Tensor, change: (item: number, i: number) => number): DenseTensor {
  const items = toNumbers(like);
  const values = like.dtype === 'float32' ? new Float32Array(items.length) : new Float64Array(items.length);
  for (let i = 0; i < values.length; i++) values[i] = change(items[i], i);
  return tensor(like.dtype === 'float32' ? 'float32' : 'float64', like.dims, values);
}

export function inner(a: Vector, b: Vector): number {
  return total(a, (name, items) => {
    const others = toNumbers(b[name]);
    let sum = 0;
    for (let i = 0; i < items.length; i++) sum += items[i] * others[i];
    return sum;
  });
}

export function norm(a: Vector): number {
  return Math.sqrt(inner(a, a));
}

/** What <a, b> is like where `b` is random: |a| |b| over the root of their dimension. */
export function usualProduct(a: Vector, b: Vector): number {
  const dimension = Object.values(a).reduce((count, { dims }) => count + sizeOf(dims), 0);
  return (norm(a) * norm(b)) / Math.sqrt(Math.max(dimension, 1));
}

function total(a: Vector, part: (name: string, items: ArrayLike<number>) => number): number {
  return Object.entries(a).reduce((sum, [name, tensor]) => sum + part(name, toNumbers(tensor)), 0);
}

/** The largest difference, relative to the largest of either or to `floor`. NaN where either has one. */
export function apart(a: Vector, b: Vector, floor = 0): number {
  const difference = largest(combination(-1, a, b));
  return difference === 0 ? 0 : difference / Math.max(largest(a), largest(b), floor);
}

export function largest(a: Vector): number {
  return Object.values(a).reduce((most, tensor) => {
    const items = toNumbers(tensor);
    let found = most;
    for (let i = 0; i < items.length; i++) found = Math.max(found, Math.abs(items[i]));
    return found;
  }, 0);
}

/** The same tensors under other names. */
export function renamed(
  a: Vector,
  from: (name: string) => string,
  to: (name: string) => string,
  names: readonly string[],
): Vector {
  return Object.fromEntries(names.map((name) => [to(name), a[from(name)]]));
}
