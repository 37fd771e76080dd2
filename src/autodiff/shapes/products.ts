import type { Product } from '../families.js';
import type { ConvGeometry } from '../primitives.js';
import { broadcastShape, misfit } from './elementwise.js';
import type { ShapeTable } from './rule.js';

export const PRODUCT_SHAPES: ShapeTable<Product> = {
  MatMul: ([a, b], { transA, transB }) => {
    const [m, k] = matrix(a.shape, transA);
    const [inner, n] = matrix(b.shape, transB);
    if (k !== inner) throw misfit('multiply', [a.shape, b.shape]);
    return [{ dtype: a.dtype, shape: [...broadcastShape([a.shape.slice(0, -2), b.shape.slice(0, -2)]), m, n] }];
  },
  Conv: ([x, w], geometry) => {
    if (x.shape[1] !== w.shape[1] * geometry.group) throw misfit('convolve', [x.shape, w.shape]);
    const sizes = convolved(x.shape.slice(2), w.shape.slice(2), geometry);
    return [{ dtype: x.dtype, shape: [x.shape[0], w.shape[0], ...sizes] }];
  },
  ConvInput: ([y, w], { spatial, group }) => [{ dtype: y.dtype, shape: [y.shape[0], w.shape[1] * group, ...spatial] }],
  ConvWeight: ([x, y], { kernel, group }) => [{ dtype: x.dtype, shape: [y.shape[1], x.shape[1] / group, ...kernel] }],
};

/** Spatial sizes of a convolution's or pool's output. */
export function convolved(
  spatial: readonly number[],
  kernel: readonly number[],
  { strides, dilations, pads }: Omit<ConvGeometry, 'group'>,
): readonly number[] {
  return spatial.map((size, i) => {
    const reach = (kernel[i] - 1) * dilations[i] + 1;
    return Math.floor((size + pads[i] + pads[i + spatial.length] - reach) / strides[i]) + 1;
  });
}

function matrix(shape: readonly number[], transposed: boolean): readonly [rows: number, columns: number] {
  const [rows, columns] = shape.slice(-2);
  if (shape.length < 2) throw misfit('multiply', [shape]);
  return transposed ? [columns, rows] : [rows, columns];
}
