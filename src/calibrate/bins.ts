/**
 * The bins of every histogram: floats that share their upper 16 bits (sign, exponent, 7 bits of fraction). So the grid
 * is the number format's own: 128 bins an octave wherever the values lie, no range to know beforehand, no widening,
 * and histograms of parts add up exactly to that of the whole.
 */
export const BINS = 65536;

/** Largest finite float32. */
const LARGEST = (2 - 2 ** -23) * 2 ** 127;

const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

/** An interval of values; one point where `low` = `high`. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** The bin's values by its upper 16 bits. Zeros of both signs, and the subnormals beside them, count as the point 0. */
export function binInterval(upper: number): Interval {
  const magnitude = upper & 0x7fff;
  if (magnitude === 0) return { low: 0, high: 0 };
  const near = floatFrom(magnitude);
  const far = Math.min(LARGEST, floatFrom(magnitude + 1));
  return upper < 0x8000 ? { low: near, high: far } : { low: -far, high: -near };
}

export function binOf(value: number): number {
  float[0] = value;
  return bits[0] >>> 16;
}

function floatFrom(upper: number): number {
  bits[0] = upper * 65536;
  return float[0];
}
