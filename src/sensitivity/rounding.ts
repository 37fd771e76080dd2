import { squaredError } from '../calibrate/mse.js';
import { type Pieces, piecesOf, totalCount } from '../calibrate/pieces.js';
import { storable } from '../calibrate/range.js';
import type { ActivationStatistics } from '../calibrate/statistics.js';
import { type DenseTensor, toFloat32 } from '../kernel/tensor.js';
import { type Bits, FORMATS, type Format } from '../quantize/formats.js';
import type { ActivationParameters, Range, WeightOptions } from '../quantize/plan.js';
import type { Unit } from '../quantize/unit.js';
import { dequantizeBlocks, dequantizeChannels, quantizeBlocks, quantizeChannels } from '../quantize/weights.js';

/** The floats that a format leaves of a unit's weight; the weight itself where the format keeps it float. */
export function roundedWeight(unit: Unit, weight: DenseTensor, format: Format, options: WeightOptions): Float32Array {
  const spec = FORMATS[format].weight;
  const { method, reduceRange, blockSize } = options;
  if (typeof spec !== 'object') return toFloat32(weight);
  if (spec.per === 'block' && spec.bits !== 16) {
    const transposed = unit.channelAxis === 0;
    return dequantizeBlocks(quantizeBlocks(weight, spec.bits, blockSize, method, transposed), transposed);
  }
  return dequantizeChannels(
    quantizeChannels(weight, { axis: unit.channelAxis ?? 0, bits: spec.bits, method, reduceRange }),
  );
}

/** ||rounded - weight||^2 / ||weight||^2; 0 for a weight of zeros. */
export function relativeError(weight: Float32Array, rounded: Float32Array): number {
  let error = 0;
  let power = 0;
  for (let i = 0; i < weight.length; i++) {
    error += (rounded[i] - weight[i]) ** 2;
    power += weight[i] ** 2;
  }
  return power > 0 ? error / power : 0;
}

/** ||rounded - weight||^2 / n. */
export function meanSquaredError(weight: Float32Array, rounded: Float32Array): number {
  let error = 0;
  for (let i = 0; i < weight.length; i++) error += (rounded[i] - weight[i]) ** 2;
  return error / Math.max(1, weight.length);
}

/** E (Q(x) - x)^2 of an activation's element over a range, by its histogram. */
export function activationMeanSquare(pieces: Pieces, { range, bits }: ActivationGrid): number {
  return squaredError(pieces, range, { bits, symmetric: false }) / Math.max(1, totalCount(pieces));
}

/**
 * E (Q(x) - x)^2 / E x^2 of an activation in a format, from its histogram. Ranges taken at run time are at least as
 * tight as everything that was seen, so for those the error over that whole range is an upper bound.
 */
export function activationError(
  statistics: ActivationStatistics,
  parameters: ActivationParameters | undefined,
  format: Format,
): number {
  const grid = gridOf(statistics, parameters, format);
  if (!grid) return 0;
  const pieces = piecesOf(statistics);
  const power = squarePower(pieces);
  return power > 0 ? squaredError(pieces, grid.range, { bits: grid.bits, symmetric: false }) / power : 0;
}

export interface ActivationGrid {
  readonly range: Range;
  readonly bits: Bits;
}

/** The range that a format stores an activation over; none where it stays float. */
export function gridOf(
  statistics: ActivationStatistics,
  parameters: ActivationParameters | undefined,
  format: Format,
): ActivationGrid | undefined {
  const { activation } = FORMATS[format];
  if (activation === 'float' || activation === 'f16') return undefined;
  const bits = activation === 'dynamic' ? 8 : activation.bits;
  const held = activation === 'dynamic' ? undefined : parameters?.[bits];
  return { range: held ? storable(held, bits) : statistics, bits };
}

/** Integral of x^2 over the density. */
function squarePower({ low, high, count }: Pieces): number {
  let total = 0;
  for (let i = 0; i < count.length; i++) {
    total += (count[i] * (low[i] ** 2 + low[i] * high[i] + high[i] ** 2)) / 3;
  }
  return total;
}
