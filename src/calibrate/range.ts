import { roundHalfEven } from '../kernel/float16.js';
import type { Bits } from '../quantize/formats.js';
import type { AffineParameters, Range } from '../quantize/plan.js';

/** What a range is for. */
export interface Grid {
  readonly bits: Bits;
  /** Zero in the middle of the stored integers, and as far up as down. */
  readonly symmetric: boolean;
}

/** Below float32's smallest normal number a scale would be flushed to zero. */
const SMALLEST_SCALE = 2 ** -126;

/**
 * Unsigned affine parameters that cover `range` and 0, which is exact. The scale is a positive float32 as it will stand in
 * the file. An empty range (an activation that is always 0) takes scale 1: any would do, and a tiny one would let the
 * int32 bias of the next layer overflow.
 */
export function chooseParameters(
  range: Range,
  bits: Bits,
  { symmetric }: { readonly symmetric: boolean },
): AffineParameters {
  const { min, max } = withZero(range);
  if (min === max) return { scale: 1, zeroPoint: symmetric ? 2 ** (bits - 1) : 0 };
  const top = 2 ** bits - 1;
  if (symmetric) {
    const zeroPoint = 2 ** (bits - 1);
    return { scale: float32Scale(Math.max(-min, max) / (top - zeroPoint)), zeroPoint };
  }
  const scale = float32Scale((max - min) / top);
  return { scale, zeroPoint: Math.min(top, Math.max(0, roundHalfEven(-min / scale))) };
}

/** The values that these parameters can store, from the lowest to the highest. */
export function storable({ scale, zeroPoint }: AffineParameters, bits: Bits): Range {
  return { min: -zeroPoint * scale, max: (2 ** bits - 1 - zeroPoint) * scale };
}

export function withZero({ min, max }: Range): Range {
  return { min: Math.min(min, 0), max: Math.max(max, 0) };
}

/** Both bounds as far from 0 as the further one: what a symmetric grid covers anyway. */
export function mirrored({ min, max }: Range): Range {
  const bound = Math.max(-min, max);
  return { min: -bound, max: bound };
}

function float32Scale(exact: number): number {
  return Math.max(SMALLEST_SCALE, Math.fround(exact));
}
