import { sizeOf } from '../kernel/shape.js';
import { FORMATS, type Format } from '../quantize/formats.js';
import type { UnitOp } from '../quantize/unit.js';

/** A unit without its name and its numbers: all that its latency depends on. Sizes are those of one run. */
export interface UnitShape {
  readonly op: UnitOp;
  /** Sizes of its two factors, in the order of the operator's inputs. */
  readonly first: readonly number[];
  readonly second: readonly number[];
  readonly output: readonly number[];
  /** Which factor is the weight: none in a product of two activations. */
  readonly weight: 'first' | 'second' | 'none';
  readonly group: number;
  /** Empty where every stride, or every dilation, is 1. */
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
}

/** Equal for units that do the same work: `Conv 1x64x56x56 w64x64x3x3 1x64x28x28 strides=2x2`. */
export function shapeKey(shape: UnitShape): string {
  const { op, first, second, output, weight, group, strides, dilations } = shape;
  const factor = (sizes: readonly number[], position: 'first' | 'second') =>
    `${weight === position ? 'w' : ''}${printSizes(sizes)}`;
  return [
    op,
    factor(first, 'first'),
    factor(second, 'second'),
    printSizes(output),
    ...(group > 1 ? [`group=${group}`] : []),
    ...(strides.length > 0 ? [`strides=${printSizes(strides)}`] : []),
    ...(dilations.length > 0 ? [`dilations=${printSizes(dilations)}`] : []),
  ].join(' ');
}

/** `1x64x56x56`; `1` for a scalar. */
export function printSizes(sizes: readonly number[]): string {
  return sizes.length === 0 ? '1' : sizes.join('x');
}

/** Multiply-accumulates of one run. */
export function macsOf(shape: UnitShape): number {
  return MACS[shape.op](shape);
}

const MACS: { readonly [O in UnitOp]: (shape: UnitShape) => number } = {
  Conv: ({ second, output }) => sizeOf(output) * sizeOf(second.slice(1)),
  ConvTranspose: ({ first, second }) => sizeOf(first) * sizeOf(second.slice(1)),
  // Whether or not the first matrix is transposed, its elements are rows of the output times the inner size.
  Gemm: ({ first, output }) => sizeOf(first) * (output.at(-1) ?? 1),
  MatMul: ({ first, output }) => sizeOf(output) * (first.at(-1) ?? 1),
};

/**
 * Bytes that a unit reads and writes in a format, each once: its weight at the weight's bits, activations at theirs.
 * `floatBits`: width of the floats between units, which some formats read and write.
 */
export function bytesMoved(shape: UnitShape, format: Format, floatBits: number): number {
  const activation = activationWidth(format, floatBits);
  const width = (position: 'first' | 'second') => (shape.weight === position ? weightWidth(format) : activation);
  const bits =
    sizeOf(shape.first) * width('first') + sizeOf(shape.second) * width('second') + sizeOf(shape.output) * activation;
  return bits / 8;
}

/** Widest operand that is multiplied, in bits. */
export function widestOperand(format: Format, floatBits: number): number {
  return Math.max(weightWidth(format), activationWidth(format, floatBits));
}

/** A float scale for each block of 32. */
const BLOCK_SCALE_BITS = 1;

function weightWidth(format: Format): number {
  const { weight } = FORMATS[format];
  if (weight === 'float') return 32;
  if (weight === 'f16') return 16;
  return weight.bits + (weight.per === 'block' ? BLOCK_SCALE_BITS : 0);
}

/** A range taken at run time needs the floats first. */
function activationWidth(format: Format, floatBits: number): number {
  const { activation } = FORMATS[format];
  if (activation === 'f16') return 16;
  if (typeof activation === 'object') return activation.bits;
  return format === 'float' ? 32 : floatBits;
}
