import type { Segment } from './outputs.js';

/** Above this e^shift might overflow in a sum of classes; far below, a damage is so small that it needs `expm1`. */
const LARGE = 500;

/**
 * KL(softmax(z) || softmax(z + shift)) in nats at one position, from the chances p = softmax(z): LSE(z + shift) - LSE(z) - p . shift.
 * Written with expm1 and log1p, since the terms of first order cancel: relative precision holds down to shifts of 1e-8.
 */
export function klOfShift(chances: Float64Array, shift: Float64Array): number {
  let mean = 0;
  let largest = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < shift.length; c++) {
    if (chances[c] === 0) continue;
    mean += chances[c] * shift[c];
    if (shift[c] > largest) largest = shift[c];
  }
  let total = 0;
  if (largest - mean > LARGE) {
    for (let c = 0; c < shift.length; c++) if (chances[c] > 0) total += chances[c] * Math.exp(shift[c] - largest);
    return largest - mean + Math.log(total);
  }
  for (let c = 0; c < shift.length; c++) if (chances[c] > 0) total += chances[c] * Math.expm1(shift[c] - mean);
  return Math.max(0, Math.log1p(total));
}

/** The damage of a vector of shifts: a weighted sum over the positions of a segment. */
export function segmentDamage(segment: Segment, vector: Float64Array): number {
  const { offset, width, weights, chances } = segment;
  let total = 0;
  for (let at = 0; at < weights.length; at++) {
    const shift = vector.subarray(offset + at * width, offset + (at + 1) * width);
    total += weights[at] * POSITIONS[segment.kind](shift, chances.subarray(at * width, (at + 1) * width));
  }
  return total;
}

const POSITIONS: { readonly [K in Segment['kind']]: (shift: Float64Array, chances: Float64Array) => number } = {
  logits: (shift, chances) => klOfShift(chances, shift),
  regression: (shift) => {
    let total = 0;
    for (let c = 0; c < shift.length; c++) total += shift[c] * shift[c];
    return total / 2;
  },
};

/** Writes the derivative of a segment's damage by each shift: weight * (softmax(z + shift) - p), or weight * shift. */
export function segmentGradient(segment: Segment, vector: Float64Array, gradient: Float64Array): void {
  const { offset, width, weights, chances } = segment;
  for (let at = 0; at < weights.length; at++) {
    const [from, to] = [offset + at * width, offset + (at + 1) * width];
    const own = gradient.subarray(from, to);
    own.set(vector.subarray(from, to));
    if (segment.kind === 'logits') chanceRise(chances.subarray(at * width, (at + 1) * width), own);
    for (let c = 0; c < width; c++) own[c] *= weights[at];
  }
}

/** Turns a shift into softmax(z + shift) - softmax(z). */
function chanceRise(chances: Float64Array, shift: Float64Array): void {
  let largest = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < shift.length; c++) if (chances[c] > 0) largest = Math.max(largest, shift[c]);
  let total = 0;
  for (let c = 0; c < shift.length; c++) {
    shift[c] = chances[c] === 0 ? 0 : chances[c] * Math.exp(shift[c] - largest);
    total += shift[c];
  }
  for (let c = 0; c < shift.length; c++) shift[c] = shift[c] / total - chances[c];
}
