import type { DType } from '../../kernel/dtype.js';
import type { Dim, Shape } from '../../kernel/shape.js';
import { intAttribute, intsAttribute, stringAttribute } from '../attributes.js';
import { broadcast, quotient } from '../dims.js';
import { input, type Known, known, type ShapeRule, type ShapeRules, type Site, unknownShape } from './rule.js';

interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** ONNX's order: all begins, then all ends. */
  readonly pads: readonly number[];
  readonly auto: string;
  readonly ceil: boolean;
}

function windowOf(site: Site, kernel: readonly number[]): Window {
  const ones = kernel.map(() => 1);
  return {
    kernel,
    strides: intsAttribute(site.node, 'strides') ?? ones,
    dilations: intsAttribute(site.node, 'dilations') ?? ones,
    pads: intsAttribute(site.node, 'pads') ?? [...ones, ...ones].map(() => 0),
    auto: stringAttribute(site.node, 'auto_pad', 'NOTSET'),
    ceil: intAttribute(site.node, 'ceil_mode', 0) === 1,
  };
}

/** Output length of a sliding window along one axis. A named length stays only where the window keeps it. */
function slid(dim: Dim, window: Window, axis: number): Dim {
  const stride = window.strides[axis];
  const reach = (window.kernel[axis] - 1) * window.dilations[axis] + 1;
  const same = window.auto.startsWith('SAME');
  const padding = window.auto === 'VALID' ? 0 : window.pads[axis] + window.pads[axis + window.kernel.length];
  if (typeof dim !== 'number') return stride === 1 && (same || padding === reach - 1) ? dim : null;
  if (same) return Math.ceil(dim / stride);
  const steps = (dim + padding - reach) / stride;
  if (!window.ceil) return Math.floor(steps) + 1;
  // A window that would begin in the padding at the end is left out (ONNX 1.16's text, ONNX Runtime's kernels).
  const count = Math.ceil(steps) + 1;
  return (count - 1) * stride >= dim + window.pads[axis] ? count - 1 : count;
}

function spatial(shape: Shape, window: Window): Shape {
  return window.kernel.map((_, axis) => slid(shape[axis + 2], window, axis));
}

function kernelOf(site: Site, weight: Shape | undefined): readonly number[] | undefined {
  const stated = intsAttribute(site.node, 'kernel_shape');
  if (stated) return stated;
  const dims = weight?.slice(2);
  return dims?.every((dim) => typeof dim === 'number') ? dims : undefined;
}

function convolution(weightAt: number, dtype?: (site: Site) => DType | undefined): ShapeRule {
  return (site) => {
    const { shape, dtype: type } = input(site, 0);
    const weight = input(site, weightAt).shape;
    const kernel = kernelOf(site, weight);
    const result = dtype ? dtype(site) : type;
    if (!shape || !weight || !kernel) return [known(result, weight && unknownShape(weight.length))];
    return [known(result, [shape[0], weight[0], ...spatial(shape, windowOf(site, kernel))])];
  };
}

const convTranspose: ShapeRule = (site) => {
  const { shape, dtype } = input(site, 0);
  const weight = input(site, 1).shape;
  const kernel = kernelOf(site, weight);
  if (!shape || !weight || !kernel) return [known(dtype, weight && unknownShape(weight.length))];
  const perGroup = weight[1];
  const channels = typeof perGroup === 'number' ? perGroup * intAttribute(site.node, 'group', 1) : null;
  const stated = intsAttribute(site.node, 'output_shape');
  const dims = stated?.slice(-kernel.length) ?? kernel.map((_, axis) => unslid(shape[axis + 2], site, kernel, axis));
  return [known(dtype, [shape[0], channels, ...dims])];
};

function unslid(dim: Dim, site: Site, kernel: readonly number[], axis: number): Dim {
  if (typeof dim !== 'number') return null;
  const { strides, dilations, pads, auto } = windowOf(site, kernel);
  if (auto.startsWith('SAME')) return dim * strides[axis];
  const extra = intsAttribute(site.node, 'output_padding')?.[axis] ?? 0;
  const reach = (kernel[axis] - 1) * dilations[axis] + 1;
  const cut = auto === 'VALID' ? 0 : pads[axis] + pads[axis + kernel.length];
  return strides[axis] * (dim - 1) + extra + reach - cut;
}

/** Max pooling also tells where each maximum stood. */
const pool: ShapeRule = (site) => {
  const { shape, dtype } = input(site, 0);
  const kernel = intsAttribute(site.node, 'kernel_shape');
  if (!shape || !kernel) return [known(dtype, shape && unknownShape(shape.length))];
  const pooled = [shape[0], shape[1], ...spatial(shape, windowOf(site, kernel))];
  return [known(dtype, pooled), known('int64', pooled)];
};

const globalPool: ShapeRule = (site) => {
  const { shape, dtype } = input(site, 0);
  return [
    known(
      dtype,
      shape?.map((dim, axis) => (axis < 2 ? dim : 1)),
    ),
  ];
};

const gemm: ShapeRule = (site) => {
  const { shape: a, dtype } = input(site, 0);
  const { shape: b } = input(site, 1);
  const rows = a?.[intAttribute(site.node, 'transA', 0) ? 1 : 0] ?? null;
  const columns = b?.[intAttribute(site.node, 'transB', 0) ? 0 : 1] ?? null;
  return [known(dtype, [rows, columns])];
};

export function matMulShape(a: Shape | undefined, b: Shape | undefined): Shape | undefined {
  if (!a || !b || a.length === 0 || b.length === 0) return undefined;
  const batch = broadcast([a.slice(0, -2), b.slice(0, -2)]);
  const rows = a.length > 1 ? [a[a.length - 2]] : [];
  const columns = b.length > 1 ? [b[b.length - 1]] : [];
  return [...batch, ...rows, ...columns];
}

function matMul(bAt: number, dtype?: (site: Site) => DType | undefined): ShapeRule {
  return (site) => [
    known(dtype ? dtype(site) : input(site, 0).dtype, matMulShape(input(site, 0).shape, input(site, bAt).shape)),
  ];
}

/** LSTM, GRU, RNN: [sequence, directions, batch, hidden], then the last states; `layout` 1 puts the batch first. */
const recurrent: ShapeRule = (site) => {
  const { shape, dtype } = input(site, 0);
  const hidden = intAttribute(site.node, 'hidden_size', 0) || null;
  const directions = stringAttribute(site.node, 'direction', 'forward') === 'bidirectional' ? 2 : 1;
  const batchFirst = intAttribute(site.node, 'layout', 0) === 1;
  const [first, second] = shape ?? [null, null];
  const all = batchFirst ? [first, second, directions, hidden] : [first, directions, second, hidden];
  const last = batchFirst ? [first, directions, hidden] : [directions, second, hidden];
  return [known(dtype, all), known(dtype, last), known(dtype, last)];
};

/** `ij,jk->ik`: a letter is a dimension. Ellipses and implicit outputs are left to a run. */
const einsum: ShapeRule = (site) => {
  const [left, right] = stringAttribute(site.node, 'equation', '').replaceAll(' ', '').split('->');
  const dtype = input(site, 0).dtype;
  if (right === undefined || left.includes('.')) return [known(dtype)];
  const dims = new Map<string, Dim>();
  left.split(',').forEach((term, position) => {
    [...term].forEach((letter, axis) => {
      const dim = input(site, position).shape?.[axis] ?? null;
      if (dims.get(letter) === undefined || dims.get(letter) === null) dims.set(letter, dim);
    });
  });
  return [
    known(
      dtype,
      [...right].map((letter) => dims.get(letter) ?? null),
    ),
  ];
};

const depthToSpace: ShapeRule = (site) => {
  const { shape, dtype } = input(site, 0);
  const block = intAttribute(site.node, 'blocksize', 1);
  if (shape?.length !== 4) return [known(dtype)];
  const [n, c, h, w] = shape;
  const grow = (dim: Dim) => (typeof dim === 'number' ? dim * block : null);
  return [known(dtype, [n, quotient(c, block * block), grow(h), grow(w)])];
};

const spaceToDepth: ShapeRule = (site) => {
  const { shape, dtype } = input(site, 0);
  const block = intAttribute(site.node, 'blocksize', 1);
  if (shape?.length !== 4) return [known(dtype)];
  const [n, c, h, w] = shape;
  const channels = typeof c === 'number' ? c * block * block : null;
  return [known(dtype, [n, channels, quotient(h, block), quotient(w, block)])];
};

const outputZeroPoint = (site: Site): DType | undefined => input(site, 7).dtype;
const int32 = (): DType => 'int32';

const batchNormalization: ShapeRule = (site): readonly Known[] => {
  const { shape, dtype } = input(site, 0);
  const statistics = known(input(site, 3).dtype, input(site, 3).shape);
  return [known(dtype, shape), statistics, statistics, statistics, statistics];
};

export const LAYERS: ShapeRules = {
  Conv: convolution(1),
  ConvInteger: convolution(1, int32),
  QLinearConv: convolution(3, outputZeroPoint),
  ConvTranspose: convTranspose,
  MaxPool: pool,
  AveragePool: pool,
  LpPool: pool,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  GlobalLpPool: globalPool,
  BatchNormalization: batchNormalization,
  Gemm: gemm,
  MatMul: matMul(1),
  MatMulInteger: matMul(1, int32),
  QLinearMatMul: matMul(3, outputZeroPoint),
  Einsum: einsum,
  LSTM: recurrent,
  GRU: recurrent,
  RNN: recurrent,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};
