import type { Binary, Unary } from '../families.js';
import type { TermType } from '../program.js';
import type { ShapeTable } from './rule.js';

const same = ([x]: readonly TermType[]) => [{ dtype: x.dtype, shape: x.shape }];

const broadcasting = (inputs: readonly TermType[]) => [
  { dtype: inputs[0].dtype, shape: broadcastShape(inputs.map(({ shape }) => shape)) },
];

const comparing = (inputs: readonly TermType[]) => [{ ...broadcasting(inputs)[0], dtype: 'bool' as const }];

export const UNARY_SHAPES: ShapeTable<Unary> = {
  Neg: same,
  Abs: same,
  Sign: same,
  Exp: same,
  Log: same,
  Sqrt: same,
  Reciprocal: same,
  Sin: same,
  Cos: same,
  Erf: same,
  Tanh: same,
  Sigmoid: same,
  Softplus: same,
  Relu: same,
  Clip: same,
  Copy: same,
  Cast: ([x], { to }) => [{ dtype: to, shape: x.shape }],
};

export const BINARY_SHAPES: ShapeTable<Binary> = {
  Add: broadcasting,
  Sub: broadcasting,
  Mul: broadcasting,
  Div: broadcasting,
  Pow: broadcasting,
  Max: broadcasting,
  Min: broadcasting,
  Greater: comparing,
  Equal: comparing,
  And: comparing,
  Where: (inputs) => [{ ...broadcasting(inputs)[0], dtype: inputs[1].dtype }],
};

/** ONNX's multidirectional broadcasting. */
export function broadcastShape(shapes: readonly (readonly number[])[]): readonly number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1);
    const size = sizes.find((dim) => dim !== 1) ?? 1;
    if (sizes.some((dim) => dim !== 1 && dim !== size)) throw misfit('broadcast', shapes);
    return size;
  });
}

export function misfit(what: string, shapes: readonly (readonly number[])[]): RangeError {
  return new RangeError(`cannot ${what} ${shapes.map((shape) => `[${shape.join(',')}]`).join(' and ')}`);
}
