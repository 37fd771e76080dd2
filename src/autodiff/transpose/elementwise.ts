import type { Binary, Unary } from '../families.js';
import { div, mul, neg, sumTo, zeros } from '../ops.js';
import type { TransposeTable } from './rule.js';

export const UNARY_TRANSPOSE: TransposeTable<Unary> = {
  Neg: ({ b, ct }) => [neg(b, ct)],
  Cast: ({ b, x: [x], ct }) => [b.one('Cast', [ct], { to: x.dtype })],
  Copy: ({ ct }) => [ct],
  Abs: 'never-linear',
  Sign: 'never-linear',
  Exp: 'never-linear',
  Log: 'never-linear',
  Sqrt: 'never-linear',
  Reciprocal: 'never-linear',
  Sin: 'never-linear',
  Cos: 'never-linear',
  Erf: 'never-linear',
  Tanh: 'never-linear',
  Sigmoid: 'never-linear',
  Softplus: 'never-linear',
  Relu: 'never-linear',
  Clip: 'never-linear',
};

export const BINARY_TRANSPOSE: TransposeTable<Binary> = {
  Add: ({ b, x, ct }) => x.map(({ shape }) => sumTo(b, ct, shape)),
  Sub: ({ b, x: [p, q], linear, ct }) => [sumTo(b, ct, p.shape), linear[1] ? neg(b, sumTo(b, ct, q.shape)) : undefined],
  Mul: ({ b, x: [p, q], linear, ct }) =>
    linear[0] ? [sumTo(b, mul(b, ct, q), p.shape)] : [undefined, sumTo(b, mul(b, ct, p), q.shape)],
  Div: ({ b, x: [p, q], ct }) => [sumTo(b, div(b, ct, q), p.shape)],
  Where: ({ b, x: [condition, p, q], linear, ct }) => {
    const none = zeros(b, { dtype: ct.dtype, shape: [] });
    return [
      undefined,
      linear[1] ? sumTo(b, b.one('Where', [condition, ct, none], {}), p.shape) : undefined,
      linear[2] ? sumTo(b, b.one('Where', [condition, none, ct], {}), q.shape) : undefined,
    ];
  },
  Pow: 'never-linear',
  Max: 'never-linear',
  Min: 'never-linear',
  Greater: 'never-linear',
  Equal: 'never-linear',
  And: 'never-linear',
};
