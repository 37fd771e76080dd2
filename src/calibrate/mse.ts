import { affineParameters } from '../quantize/grid.js';
import type { AffineParameters, Range } from '../quantize/plan.js';
import { type Pieces, piecesOf } from './pieces.js';
import { type Grid, storable } from './range.js';
import { searchRange } from './search-range.js';
import type { ActivationStatistics } from './statistics.js';

/** The range with the least squared error of quantization: what is cut off weighed against a finer step. */
export function mseRange(statistics: ActivationStatistics, grid: Grid): Range {
  const pieces = piecesOf(statistics);
  return searchRange(statistics, grid, (range) => squaredError(pieces, range, grid));
}

/** Sum over all elements of (x - Q(x))^2, exact for the piecewise even density. */
export function squaredError({ low, high, count }: Pieces, range: Range, { bits, symmetric }: Grid): number {
  const parameters = affineParameters(range, bits, { symmetric });
  const { min, max } = storable(parameters, bits);
  let total = 0;
  for (let i = 0; i < count.length; i++) {
    const width = high[i] - low[i];
    if (width === 0) total += count[i] * pointError(low[i], parameters, min, max);
    else total += (count[i] / width) * intervalError(low[i], high[i], parameters.scale, min, max);
  }
  return total;
}

function pointError(x: number, { scale }: AffineParameters, min: number, max: number): number {
  const stored = Math.min(max, Math.max(min, Math.round(x / scale) * scale));
  return (x - stored) ** 2;
}

/** Integral of (x - Q(x))^2 over [low, high]: cut off below `min` and above `max`, rounded to whole steps between. */
function intervalError(low: number, high: number, scale: number, min: number, max: number): number {
  const inLow = Math.min(Math.max(low, min), max);
  const inHigh = Math.min(Math.max(high, min), max);
  const rounding = scale * scale * scale * (roundingIntegral(inHigh / scale) - roundingIntegral(inLow / scale));
  return rounding + cutIntegral(min - high, min - low) + cutIntegral(low - max, high - max);
}

/** Integral from 0 to u of (t - round(t))^2: 1/12 for each whole step, and a cubic within the last. */
function roundingIntegral(u: number): number {
  const steps = Math.round(u);
  return steps / 12 + cube(u - steps) / 3;
}

/** Integral of d^2 over those distances beyond the bound that are positive. */
function cutIntegral(near: number, far: number): number {
  return (cube(Math.max(far, 0)) - cube(Math.max(near, 0))) / 3;
}

function cube(x: number): number {
  return x * x * x;
}
