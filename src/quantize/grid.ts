import { roundHalfEven } from '../kernel/float16.js';
import type { Bits } from './formats.js';
import type { AffineParameters, Range } from './plan.js';

/** Integers that a stored value may take. */
export interface Grid {
  readonly low: number;
  readonly high: number;
}

/** How the scale of the values that share one is chosen. */
export type ScaleMethod = 'min-max' | 'mse';

/** Scales are float32 in the file: nothing may be computed with a finer one. */
const SMALLEST_SCALE = 2 ** -126;

/** Unsigned integers of an activation. */
export function activationGrid(bits: Bits): Grid {
  return { low: 0, high: 2 ** bits - 1 };
}

/** Symmetric integers of a weight: the lowest is left out, so that the grid is symmetric. `reduceRange` takes one bit away. */
export function weightGrid(bits: Bits, reduceRange: boolean): Grid {
  const high = 2 ** (bits - (reduceRange ? 2 : 1)) - 1;
  return { low: -high, high };
}

/** Both bounds of two's complement, where one scale covers a small block and every level counts. */
export function blockGrid(bits: Bits): Grid {
  return { low: -(2 ** (bits - 1)), high: 2 ** (bits - 1) - 1 };
}

/** Whether zero stands in the middle of the stored integers, as far up as down. */
export interface Symmetry {
  readonly symmetric: boolean;
}

/**
 * Unsigned affine parameters of a whole tensor that cover `range` and 0, which is exact, as padding and ReLU need it. An
 * empty range (an activation that is always 0) takes scale 1: any would do, and a tiny one would let the int32 bias of
 * the next layer overflow.
 */
export function affineParameters(
  range: Range,
  bits: Bits,
  { symmetric }: Symmetry = { symmetric: false },
): AffineParameters {
  const grid = activationGrid(bits);
  const middle = 2 ** (bits - 1);
  const min = Math.min(range.min, 0);
  const max = Math.max(range.max, 0);
  if (min === max) return { scale: 1, zeroPoint: symmetric ? middle : 0 };
  if (symmetric) return { scale: float32Scale(Math.max(-min, max) / (grid.high - middle)), zeroPoint: middle };
  const scale = float32Scale((max - min) / grid.high);
  return { scale, zeroPoint: clamp(roundHalfEven(-min / scale), grid) };
}

/**
 * Parameters whose integers reach no further than an activation function lets values go: only then does the function
 * vanish into the quantization. (ONNX Runtime 1.30 allows half a step beyond in one place and not in another, and
 * makes a graph that it cannot load.) A symmetric range after a ReLU would also spend half its integers on nothing.
 */
export function withinBounds(held: AffineParameters, bounds: Range, bits: Bits): AffineParameters {
  const { high } = activationGrid(bits);
  const reach = ({ scale, zeroPoint }: AffineParameters) => ({
    min: -zeroPoint * scale,
    max: (high - zeroPoint) * scale,
  });
  const { min, max } = reach(held);
  const slack = 1e-6 * (max - min);
  if (min >= bounds.min - slack && max <= bounds.max + slack) return held;
  const { scale, zeroPoint } = affineParameters(
    { min: Math.max(min, bounds.min), max: Math.min(max, bounds.max) },
    bits,
  );
  const below = zeroPoint > 0 ? -bounds.min / zeroPoint : Number.POSITIVE_INFINITY;
  const above = zeroPoint < high ? bounds.max / (high - zeroPoint) : Number.POSITIVE_INFINITY;
  return { scale: float32Scale(Math.min(scale, below, above)), zeroPoint };
}

/** What QuantizeLinear stores for one value: it divides in float32. */
export function quantizeValue(value: number, { scale, zeroPoint }: AffineParameters, grid: Grid): number {
  return clamp(roundHalfEven(Math.fround(value / scale)) + zeroPoint, grid);
}

/** The stored integers of values that share one scale, and a zero point where they have one. */
export function quantizeGroup(values: Float32Array, scale: number, grid: Grid, into: Int32Array, zeroPoint = 0): void {
  for (let i = 0; i < values.length; i++) into[i] = clamp(roundEven(values[i] / scale) + zeroPoint, grid);
}

/**
 * The scale of values that share one. Values that already lie on a grid keep it exactly (a model recovered from int8);
 * otherwise `min-max` uses the whole range and `mse` the clip with the least squared error. 0 where all values are 0.
 */
export function groupScale(values: Float32Array, grid: Grid, method: ScaleMethod): number {
  const extreme = signedExtreme(values);
  if (extreme === 0) return 0;
  const known = existingGrid(values, extreme, grid);
  if (known !== undefined) return known;
  const whole = rangeScale(extreme, grid);
  return method === 'mse' ? leastSquaresScale(values, whole, grid) : whole;
}

/**
 * The scale of a grid on which the values lie already, if there is one: the extreme is then k steps from 0 for some
 * whole k. A thousandth of a step is float32's rounding with room to spare.
 */
export function existingGrid(values: Float32Array, extreme: number, grid: Grid): number | undefined {
  const most = Math.abs(extreme < 0 ? grid.low : grid.high);
  for (const steps of stepsToTry(most)) {
    const scale = float32Scale(Math.abs(extreme) / steps);
    if (liesOn(values, scale)) return scale;
  }
  return undefined;
}

/** Grids of at most 8 bits: on a finer one every float seems to lie. 127 steps first, which almost all tools use. */
function stepsToTry(most: number): readonly number[] {
  if (most > 128) return [];
  const all = Array.from({ length: most }, (_, i) => most - i);
  return most === 128 ? [127, 128, ...all.slice(2)] : all;
}

function liesOn(values: Float32Array, scale: number): boolean {
  for (const value of values) {
    const steps = value / scale;
    if (Math.abs(steps - roundEven(steps)) > 1e-3) return false;
  }
  return true;
}

/** The extreme lands on the bound of its own sign; a negative scale lets a positive extreme use the longer side. */
function rangeScale(extreme: number, grid: Grid): number {
  if (grid.low === -grid.high) return float32Scale(Math.abs(extreme) / grid.high);
  return Math.fround(extreme / grid.low) || SMALLEST_SCALE;
}

/**
 * Scale and zero point (a stored value within the grid) of values that share both; the range always holds 0. `mse` lets
 * the range shrink where that loses less.
 */
export function groupAffine(values: Float32Array, grid: Grid, method: ScaleMethod): AffineParameters {
  const range = values.reduce(({ min, max }, value) => ({ min: Math.min(min, value), max: Math.max(max, value) }), {
    min: 0,
    max: 0,
  });
  const shrunk = method === 'mse' ? [1, ...CLIPS] : [1];
  const candidates = shrunk.map((clip) => affineOn(grid, range.min * clip, range.max * clip));
  const errors = candidates.map((held) => affineError(values, held, grid));
  return candidates[errors.indexOf(Math.min(...errors))];
}

function affineOn(grid: Grid, min: number, max: number): AffineParameters {
  if (min === max) return { scale: 1, zeroPoint: 0 };
  const scale = float32Scale((max - min) / (grid.high - grid.low));
  return { scale, zeroPoint: clamp(grid.low + roundEven(-min / scale), grid) };
}

function affineError(values: Float32Array, { scale, zeroPoint }: AffineParameters, grid: Grid): number {
  let total = 0;
  for (const value of values) {
    const difference = (clamp(roundEven(value / scale) + zeroPoint, grid) - zeroPoint) * scale - value;
    total += difference * difference;
  }
  return total;
}

const CLIPS = Array.from({ length: 30 }, (_, i) => 1 - (i + 1) / 50);

function leastSquaresScale(values: Float32Array, whole: number, grid: Grid): number {
  let best = whole;
  let least = squaredError(values, whole, grid);
  for (const clip of CLIPS) {
    const scale = Math.fround(whole * clip);
    const error = squaredError(values, scale, grid);
    if (error >= least) continue;
    least = error;
    best = scale;
  }
  return best;
}

function squaredError(values: Float32Array, scale: number, grid: Grid): number {
  let total = 0;
  for (const value of values) {
    const difference = clamp(roundEven(value / scale), grid) * scale - value;
    total += difference * difference;
  }
  return total;
}

/** The value of largest magnitude, with its sign. */
export function signedExtreme(values: Float32Array): number {
  let extreme = 0;
  for (const value of values) if (Math.abs(value) > Math.abs(extreme)) extreme = value;
  return extreme;
}

export function float32Scale(scale: number): number {
  return Math.max(Math.fround(scale), SMALLEST_SCALE);
}

function clamp(value: number, grid: Grid): number {
  return Math.max(grid.low, Math.min(grid.high, value));
}

/** Ties to even, by letting float64 run out of fraction bits: right for |value| < 2^51 and several times faster. */
function roundEven(value: number): number {
  return value + 6755399441055744 - 6755399441055744;
}
