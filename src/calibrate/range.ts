import type { Bits } from '../quantize/formats.js';
import type { Symmetry } from '../quantize/grid.js';
import type { AffineParameters, Range } from '../quantize/plan.js';

/** What a range is for. */
export interface Grid extends Symmetry {
  readonly bits: Bits;
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
