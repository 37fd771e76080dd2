import { sizeOf } from '../../kernel/shape.js';
import type { Builder } from '../builder.js';
import type { Product } from '../families.js';
import { matmul, reshape, sumTo } from '../ops.js';
import type { ConvGeometry } from '../primitives.js';
import type { Term } from '../program.js';
import type { TransposeTable } from './rule.js';

/** The three convolutions are one trilinear form in (x, w, y), so each one's adjoints are the other two. */
export const PRODUCT_TRANSPOSE: TransposeTable<Product> = {
  /** Of y = op(a) op(b): the gradient of a is y op(b)', of b op(a)' y, each read transposed where its operand was. */
  MatMul: ({ b, x: [p, q], params: { transA, transB }, linear, ct }) => {
    if (linear[0])
      return [sumTo(b, transA ? matmul(b, q, ct, transB, true) : matmul(b, ct, q, false, !transB), p.shape)];
    const [rows, ups] = !transA && q.shape.length === 2 ? [flatRows(b, p), flatRows(b, ct)] : [p, ct];
    const product = transB ? matmul(b, ups, rows, true, transA) : matmul(b, rows, ups, !transA, false);
    return [undefined, sumTo(b, product, q.shape)];
  },
  Conv: ({ b, x: [x, w], params, linear, ct }) =>
    linear[0]
      ? [b.one('ConvInput', [ct, w], { ...params, spatial: x.shape.slice(2) })]
      : [undefined, b.one('ConvWeight', [x, ct], { ...params, kernel: w.shape.slice(2) })],
  ConvInput: ({ b, x: [y, w], params, linear, ct }) =>
    linear[0]
      ? [b.one('Conv', [ct, w], geometry(params))]
      : [undefined, b.one('ConvWeight', [ct, y], { ...geometry(params), kernel: w.shape.slice(2) })],
  ConvWeight: ({ b, x: [x, y], params, linear, ct }) =>
    linear[0]
      ? [b.one('ConvInput', [y, ct], { ...geometry(params), spatial: x.shape.slice(2) })]
      : [undefined, b.one('Conv', [x, ct], geometry(params))],
};

/** The rows of all matrices as those of one: products with one matrix for all of them then sum over the batch inside. */
function flatRows(b: Builder, x: Term): Term {
  const columns = x.shape[x.shape.length - 1];
  return reshape(b, x, [sizeOf(x.shape.slice(0, -1)), columns]);
}

function geometry({ strides, dilations, pads, group }: ConvGeometry): ConvGeometry {
  return { strides, dilations, pads, group };
}
