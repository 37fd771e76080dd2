import type { NumericDType } from '../kernel/tensor.js';
import { type DenseTensor, fromNumbers, tensor, toFloat32 } from '../kernel/tensor.js';
import type { Bits } from './formats.js';
import { blockGrid, groupAffine, groupScale, quantizeGroup, type ScaleMethod, weightGrid } from './grid.js';

/** A weight on an integer grid with one scale a channel: real = scale[channel] * stored. */
export interface ChannelWeight {
  readonly dims: readonly number[];
  readonly axis: number;
  readonly bits: Bits;
  readonly stored: Int8Array | Int16Array;
  readonly scales: Float32Array;
}

/** A matrix [K, N] on an integer grid with one scale for each block of `blockSize` of a column. */
export interface BlockWeight {
  readonly rows: number;
  readonly columns: number;
  readonly bits: 4 | 8;
  readonly blockSize: number;
  /** Column by column, each padded with 0 to whole blocks: [N, blocks * blockSize]. */
  readonly stored: Int8Array;
  /** [N, blocks]. */
  readonly scales: Float32Array;
  /** [N, blocks]: the stored integer that means 0, where that is not 0 itself. */
  readonly zeroPoints?: Int8Array;
}

export interface ChannelOptions {
  readonly axis: number;
  readonly bits: Bits;
  readonly method: ScaleMethod;
  readonly reduceRange: boolean;
  /** Least scale of each channel, where a bias of scale x_scale * scale must not leave int32. */
  readonly leastScales?: Float32Array;
}

/** Quantizes a weight symmetrically, with one scale for each index of `axis`. */
export function quantizeChannels(weight: DenseTensor, options: ChannelOptions): ChannelWeight {
  const { axis, bits, method } = options;
  const data = toFloat32(weight);
  const grid = weightGrid(bits, options.reduceRange);
  const layout = channelLayout(weight.dims, axis);
  const stored = bits === 16 ? new Int16Array(data.length) : new Int8Array(data.length);
  const scales = new Float32Array(layout.channels);
  const group = new Float32Array(layout.outer * layout.inner);
  const steps = new Int32Array(group.length);
  for (let channel = 0; channel < layout.channels; channel++) {
    gather(data, layout, channel, group);
    scales[channel] = Math.max(groupScale(group, grid, method), options.leastScales?.[channel] ?? 0);
    if (scales[channel] === 0) continue;
    quantizeGroup(group, scales[channel], grid, steps);
    scatter(steps, layout, channel, stored);
  }
  fillZeroScales(scales);
  return { dims: weight.dims, axis, bits, stored, scales };
}

/** Channels of zeros take the finest scale of the others, so that their bias is stored as finely as any. */
function fillZeroScales(scales: Float32Array): void {
  const finest = scales.reduce(
    (least, scale) => (scale > 0 && scale < least ? scale : least),
    Number.POSITIVE_INFINITY,
  );
  const filler = Number.isFinite(finest) ? finest : 1;
  for (let i = 0; i < scales.length; i++) scales[i] ||= filler;
}

/** Quantizes a matrix [K, N] in blocks along K; the last block of a column is padded with zeros. */
export function quantizeBlocks(
  matrix: DenseTensor,
  bits: 4 | 8,
  blockSize: number,
  method: ScaleMethod,
  transposed = false,
  asymmetric = false,
): BlockWeight {
  const data = toFloat32(matrix);
  const [rows, columns] = transposed ? [matrix.dims[1], matrix.dims[0]] : matrix.dims;
  const at = transposed ? { row: 1, column: rows } : { row: columns, column: 1 };
  const blocks = Math.ceil(rows / blockSize);
  const stored = new Int8Array(columns * blocks * blockSize);
  const scales = new Float32Array(columns * blocks);
  const zeroPoints = new Int8Array(scales.length);
  const group = new Float32Array(blockSize);
  const steps = new Int32Array(blockSize);
  const grid = blockGrid(bits);
  for (let block = 0; block < scales.length; block++) {
    const first = (block % blocks) * blockSize * at.row + Math.floor(block / blocks) * at.column;
    const inside = Math.min(blockSize, rows - (block % blocks) * blockSize);
    for (let i = 0; i < blockSize; i++) group[i] = i < inside ? data[first + i * at.row] : 0;
    const { scale, zeroPoint } = asymmetric
      ? groupAffine(group, grid, method)
      : { scale: groupScale(group, grid, method) || 1, zeroPoint: 0 };
    quantizeGroup(group, scale, grid, steps, zeroPoint);
    scales[block] = scale;
    zeroPoints[block] = zeroPoint;
    stored.set(steps, block * blockSize);
  }
  return { rows, columns, bits, blockSize, stored, scales, ...(asymmetric && { zeroPoints }) };
}

/** The float weight that the integers stand for, as ONNX Runtime dequantizes it. */
export function dequantizeChannels(weight: ChannelWeight): Float32Array {
  const layout = channelLayout(weight.dims, weight.axis);
  return Float32Array.from(weight.stored, (value, i) => value * weight.scales[channelOf(layout, i)]);
}

/** The float matrix [K, N] that the blocks stand for, or [N, K] where it lay transposed. */
export function dequantizeBlocks(weight: BlockWeight, transposed = false): Float32Array {
  const { rows, columns, blockSize, stored, scales, zeroPoints } = weight;
  const padded = stored.length / columns;
  const result = new Float32Array(rows * columns);
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < rows; row++) {
      const at = column * padded + row;
      const block = Math.floor(at / blockSize);
      result[transposed ? column * rows + row : row * columns + column] =
        (stored[at] - (zeroPoints?.[block] ?? 0)) * scales[block];
    }
  }
  return result;
}

/** Dtype that holds the integers: 4-bit ones packed, or in an int8 container where kernels want that. */
export function weightDType(bits: Bits, packed: boolean): NumericDType {
  if (bits === 16) return 'int16';
  return bits === 4 && packed ? 'int4' : 'int8';
}

/** The stored integers as an ONNX tensor. */
export function storedTensor(weight: ChannelWeight, packed: boolean): DenseTensor {
  const dtype = weightDType(weight.bits, packed);
  return dtype === 'int4' ? fromNumbers(dtype, weight.dims, weight.stored) : tensor(dtype, weight.dims, weight.stored);
}

/** The bias as int32 of scale x_scale * w_scale, and the scales, which must be exactly those products. */
export function quantizeBias(bias: Float32Array, inputScale: number, weightScales: Float32Array) {
  const scales = Float32Array.from(weightScales, (scale) => inputScale * scale);
  const stored = Int32Array.from(bias, (value, i) => checkedRound(value / scales[i]));
  return { stored, scales };
}

/** Room is left for the sum of products that a kernel adds to the bias. */
const LARGEST_BIAS = 2 ** 30;

/** Scales below which a channel's bias would not fit into int32, or nothing when the given scales are large enough. */
export function scalesForBias(
  bias: Float32Array,
  inputScale: number,
  weightScales: Float32Array,
): Float32Array | undefined {
  const least = Float32Array.from(bias, (value) => Math.fround((Math.abs(value) / LARGEST_BIAS / inputScale) * 1.0001));
  return least.some((scale, i) => scale > weightScales[i]) ? least : undefined;
}

function checkedRound(steps: number): number {
  if (!(Math.abs(steps) <= 2 ** 31 - 1)) throw new RangeError(`a bias of ${steps} steps does not fit into int32`);
  return Math.round(steps);
}

interface ChannelLayout {
  readonly outer: number;
  readonly channels: number;
  readonly inner: number;
}

function channelLayout(dims: readonly number[], axis: number): ChannelLayout {
  const product = (sizes: readonly number[]) => sizes.reduce((size, dim) => size * dim, 1);
  return { outer: product(dims.slice(0, axis)), channels: dims[axis], inner: product(dims.slice(axis + 1)) };
}

function channelOf({ channels, inner }: ChannelLayout, index: number): number {
  return Math.floor(index / inner) % channels;
}

function gather(data: Float32Array, layout: ChannelLayout, channel: number, into: Float32Array): void {
  const { outer, channels, inner } = layout;
  for (let o = 0; o < outer; o++) {
    const start = (o * channels + channel) * inner;
    for (let i = 0; i < inner; i++) into[o * inner + i] = data[start + i];
  }
}

function scatter(steps: Int32Array, layout: ChannelLayout, channel: number, into: Int8Array | Int16Array): void {
  const { outer, channels, inner } = layout;
  for (let o = 0; o < outer; o++) {
    const start = (o * channels + channel) * inner;
    for (let i = 0; i < inner; i++) into[start + i] = steps[o * inner + i];
  }
}
