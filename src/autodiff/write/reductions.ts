import type { Reduction } from '../families.js';
import type { WriteTable } from './rule.js';

export const REDUCTION_WRITE: WriteTable<Reduction> = {
  ReduceSum: ({ w, x: [x], y, params: { axes } }) => w.last('ReduceSum', [x, w.ints(axes)], y),
  ReduceMax: ({ w, x: [x], y, params: { axes } }) => w.last('ReduceMax', [x, w.ints(axes)], y),
  Softmax: ({ w, x, y, params: { axis } }) => w.last('Softmax', x, y, { axis }),
  LogSoftmax: ({ w, x, y, params: { axis } }) => w.last('LogSoftmax', x, y, { axis }),
  /** Without positions that nobody reads: they keep ONNX Runtime from its blocked kernel. */
  MaxPool: ({ w, x, y, params: { kernel, strides, dilations, pads } }) =>
    w.last('MaxPool', x, y[1] ? y : y.slice(0, 1), { kernel_shape: kernel, strides, dilations, pads }),
};
