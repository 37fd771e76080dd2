import { random } from '../../src/kernel/random.js';
import { type DenseTensor, fromNumbers, isDense, type Tensor, toNumbers } from '../../src/kernel/tensor.js';
import type { TensorMap } from '../../src/runtime/session.js';

/** Tensors of one space by name: a point, a direction, a gradient. */
export type Vector = Readonly<Record<string, Tensor>>;

type Named = readonly { readonly name: string; readonly dtype: Tensor['dtype']; readonly shape: readonly number[] }[];

/** Normal numbers from a seed, for each of these names. */
export function normal(space: Named, seed: number): Vector {
  const source = random(seed);
  return Object.fromEntries(space.map((term) => [term.name, filled(term, () => source.normal())]));
}

function filled({ dtype, shape }: Named[number], next: () => number): DenseTensor {
  if (dtype === 'string') throw new TypeError('strings have no directions');
  const count = shape.reduce((size, dim) => size * dim, 1);
  return fromNumbers(dtype, shape, Float64Array.from({ length: count }, next));
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
      const [from, along] = [toNumbers(base(name)), toNumbers(direction)];
      const values = Float64Array.from(along, (item, i) => from[i] + factor * item);
      return [name, alike(direction, values)];
    }),
  );
}

/** The central difference quotient of two results. */
export function quotient(above: Vector, below: Vector, step: number): Vector {
  const difference = combination(-1, below, above);
  return Object.fromEntries(
    Object.entries(difference).map(([name, item]) => [
      name,
      alike(
        item,
        Float64Array.from(toNumbers(item), (each) => each / (2 * step)),
      ),
    ]),
  );
}

function alike(like: Tensor, values: Float64Array): DenseTensor {
  if (!isDense(like)) throw new TypeError('strings have no directions');
  return fromNumbers(like.dtype, like.dims, values);
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
