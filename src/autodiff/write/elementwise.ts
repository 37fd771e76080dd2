import { DTYPES } from '../../kernel/dtype.js';
import type { Binary, Unary } from '../families.js';
import type { Primitive } from '../primitives.js';
import type { WriteRule, WriteTable } from './rule.js';

/** The ONNX operator of the same name, without attributes. */
function same<P extends Primitive>(op: P): WriteRule<P> {
  return ({ w, x, y }) => w.last(op, x, y);
}

export const UNARY_WRITE: WriteTable<Unary> = {
  Neg: same('Neg'),
  Abs: same('Abs'),
  Sign: same('Sign'),
  Exp: same('Exp'),
  Log: same('Log'),
  Sqrt: same('Sqrt'),
  Reciprocal: same('Reciprocal'),
  Sin: same('Sin'),
  Cos: same('Cos'),
  Erf: same('Erf'),
  Tanh: same('Tanh'),
  Sigmoid: same('Sigmoid'),
  Softplus: same('Softplus'),
  Relu: same('Relu'),
  Clip: ({ w, x, y, params: { min, max }, inputs: [{ dtype }] }) => {
    const bounds = [min, max].map((bound) => (Number.isFinite(bound) ? w.scalar(bound, dtype) : ''));
    w.last('Clip', [...x, ...(bounds[1] ? bounds : bounds.slice(0, 1))], y);
  },
  Cast: ({ w, x, y, params: { to } }) => w.last('Cast', x, y, { to: DTYPES[to].onnx }),
  Copy: ({ w, x, y }) => w.last('Identity', x, y),
};

export const BINARY_WRITE: WriteTable<Binary> = {
  Add: same('Add'),
  Sub: same('Sub'),
  Mul: same('Mul'),
  Div: same('Div'),
  Pow: same('Pow'),
  Max: same('Max'),
  Min: same('Min'),
  Greater: same('Greater'),
  Equal: same('Equal'),
  And: same('And'),
  Where: same('Where'),
};
