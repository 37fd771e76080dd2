import type { Format } from '../quantize/formats.js';
import type { Roofline } from './target.js';
import { bytesMoved, macsOf, type UnitShape } from './unit-shape.js';

/**
 * Milliseconds of a unit in a format: it computes or it moves bytes, whichever takes longer, after its launch
 * (Williams, Waterman and Patterson, Roofline, CACM 2009). Nothing where the format has no rate.
 */
export function rooflineTime(roofline: Roofline, shape: UnitShape, format: Format): number | undefined {
  const rate = roofline.rates[format];
  if (rate === undefined) return undefined;
  const compute = (2 * macsOf(shape)) / rate;
  const moved = bytesMoved(shape, format, roofline.floatBits) / roofline.bandwidth;
  return 1000 * (Math.max(compute, moved) + roofline.launch);
}

/** Milliseconds of a change of width between neighbours: a pass over `elements`, without a launch of its own. */
export function boundaryTime(roofline: Roofline, elements: number, fromBits: number, toBits: number): number {
  return (1000 * elements * (fromBits + toBits)) / 8 / roofline.bandwidth;
}
