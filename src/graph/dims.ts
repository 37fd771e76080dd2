import { type Dim, isStatic, type Shape, sizeOf } from '../kernel/shape.js';

/**
 * Arithmetic on dimensions that may be names: a product of names is written `batch*sequence`, `4*sequence`, a sum
 * `(past+sequence)`. Two dimensions of the same text are the same number; null is a number nothing is known of.
 */
interface Monomial {
  readonly factor: number;
  readonly names: readonly string[];
}

export function product(dims: Shape): Dim {
  if (dims.includes(0)) return 0;
  const parts = dims.map(monomial);
  if (!parts.every((part) => part !== null)) return null;
  return print({ factor: sizeOf(parts.map((part) => part.factor)), names: parts.flatMap((part) => part.names) });
}

/** `total / by` where that is a whole number for every value of the names. */
export function quotient(total: Dim, by: Dim): Dim {
  const above = monomial(total);
  const below = monomial(by);
  if (!above || !below || below.factor === 0 || above.factor % below.factor !== 0) return null;
  const names = [...above.names];
  for (const name of below.names) {
    const found = names.indexOf(name);
    if (found < 0) return null;
    names.splice(found, 1);
  }
  return print({ factor: above.factor / below.factor, names });
}

export function sum(a: Dim, b: Dim): Dim {
  if (a === 0) return b;
  if (b === 0) return a;
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (a === null || b === null || isCompound(a) || isCompound(b)) return null;
  return `(${a}+${b})`;
}

export function difference(a: Dim, b: Dim): Dim {
  if (b === 0) return a;
  if (a !== null && a === b) return 0;
  return typeof a === 'number' && typeof b === 'number' ? a - b : null;
}

/** Multidirectional broadcasting of two dimensions (ONNX's Broadcasting page). */
export function broadcastDim(a: Dim, b: Dim): Dim {
  if (a === b) return a;
  if (a === 1) return b;
  if (b === 1) return a;
  if (typeof a === 'number') return a;
  return typeof b === 'number' ? b : null;
}

export function broadcast(shapes: readonly Shape[]): Shape {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  const padded = shapes.map((shape) => [...new Array<Dim>(rank - shape.length).fill(1), ...shape]);
  return Array.from({ length: rank }, (_, axis) => padded.map((shape) => shape[axis]).reduce(broadcastDim, 1));
}

/** The shape with its unknown dimensions taken from `other`, where both have the same rank. */
export function fillUnknown(shape: Shape, other: Shape): Shape {
  return shape.length === other.length ? shape.map((dim, axis) => dim ?? other[axis]) : shape;
}

/** What holds of both: a dimension in which they differ is unknown; undefined where their ranks differ. */
export function common(a: Shape, b: Shape): Shape | undefined {
  return a.length === b.length ? a.map((dim, axis) => (dim === b[axis] ? dim : null)) : undefined;
}

/** Elements of a shape, when it is known in full. */
export function elements(shape: Shape | undefined): number | undefined {
  return shape && isStatic(shape) ? sizeOf(shape) : undefined;
}

function isCompound(dim: Dim): boolean {
  return typeof dim === 'string' && /[*+]/.test(dim);
}

function monomial(dim: Dim): Monomial | null {
  if (dim === null) return null;
  if (typeof dim === 'number') return { factor: dim, names: [] };
  const parts = dim.split('*');
  const factor = Number(parts[0]);
  return Number.isInteger(factor) && parts.length > 1 ? { factor, names: parts.slice(1) } : { factor: 1, names: parts };
}

function print({ factor, names }: Monomial): Dim {
  if (names.length === 0) return factor;
  const text = [...names].sort().join('*');
  return factor === 1 ? text : `${factor}*${text}`;
}
