import { sizeOf } from '../../kernel/shape.js';
import type { Arrangement } from '../families.js';
import { broadcastShape, misfit } from './elementwise.js';
import type { ShapeTable } from './rule.js';

export const ARRANGEMENT_SHAPES: ShapeTable<Arrangement> = {
  Reshape: ([x], { shape }) => {
    if (sizeOf(x.shape) !== sizeOf(shape)) throw misfit('reshape', [x.shape, shape]);
    return [{ dtype: x.dtype, shape }];
  },
  Transpose: ([x], { perm }) => [{ dtype: x.dtype, shape: perm.map((axis) => x.shape[axis]) }],
  Expand: ([x], { shape }) => [{ dtype: x.dtype, shape: broadcastShape([x.shape, shape]) }],
  Concat: (inputs, { axis }) => {
    const total = inputs.reduce((sum, { shape }) => sum + shape[axis], 0);
    return [{ dtype: inputs[0].dtype, shape: inputs[0].shape.with(axis, total) }];
  },
  Slice: ([x], { starts, ends, steps }) => [
    {
      dtype: x.dtype,
      shape: x.shape.map((dim, i) => Math.max(0, Math.ceil((Math.min(ends[i], dim) - starts[i]) / steps[i]))),
    },
  ],
  Pad: ([x], { pads }) => [
    { dtype: x.dtype, shape: x.shape.map((dim, i) => dim + pads[i] + pads[i + x.shape.length]) },
  ],
  Gather: ([x, indices], { axis }) => [{ dtype: x.dtype, shape: x.shape.toSpliced(axis, 1, ...indices.shape) }],
  ScatterAdd: ([updates, indices], { axis, size }) => [
    { dtype: updates.dtype, shape: updates.shape.toSpliced(axis, indices.shape.length, size) },
  ],
  GatherElements: ([x, indices]) => [{ dtype: x.dtype, shape: indices.shape }],
  ScatterElements: ([updates], { shape }) => [{ dtype: updates.dtype, shape }],
};
