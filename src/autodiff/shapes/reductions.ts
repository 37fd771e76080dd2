import type { Reduction } from '../families.js';
import type { TermType } from '../program.js';
import { convolved } from './products.js';
import type { ShapeTable } from './rule.js';

const reducing = ([x]: readonly TermType[], { axes }: { readonly axes: readonly number[] }) => [
  { dtype: x.dtype, shape: x.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim)) },
];

const same = ([x]: readonly TermType[]) => [{ dtype: x.dtype, shape: x.shape }];

export const REDUCTION_SHAPES: ShapeTable<Reduction> = {
  ReduceSum: reducing,
  ReduceMax: reducing,
  Softmax: same,
  LogSoftmax: same,
  MaxPool: ([x], pool) => {
    const shape = [x.shape[0], x.shape[1], ...convolved(x.shape.slice(2), pool.kernel, pool)];
    return [
      { dtype: x.dtype, shape },
      { dtype: 'int64', shape },
    ];
  },
};
