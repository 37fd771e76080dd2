import type { DamageModel } from '../damage-model.js';
import type { Assignment } from '../space.js';
import { segmentDamage, segmentGradient } from './divergence.js';
import type { Outputs } from './outputs.js';
import { forLast, numberIn, type Perturbations } from './perturbations.js';
import { addStored, readStored, type StoredVector } from './stored-vector.js';
import { scalarProduct } from './symmetric-matrix.js';
import { supportsBy, type Tangent } from './tangents.js';

/**
 * damage = mean over samples of LSE(z + sum D) - LSE(z) - p . sum D, the KL if shifts of logits add (for real values the
 * mean of ||sum D||^2 / (2 variance)). Exact for one unit; convex in the shifts, so that it has supports. A difference
 * costs two shifts more than the sum of all, which is kept for the assignment asked last.
 *
 * @param shifts What `shiftVector` gave, one a perturbation.
 */
export function logitDamage<F extends string>(
  perturbations: Perturbations<F>,
  outputs: Outputs,
  shifts: readonly StoredVector[],
): DamageModel<F> {
  const damageOf = (shift: Float64Array) =>
    outputs.segments.reduce((total, segment) => total + segmentDamage(segment, shift), 0);
  const stateOf = forLast((assignment: Assignment<F>) => {
    const shift = new Float64Array(outputs.length);
    for (const k of perturbations.chosen(assignment)) addStored(shift, shifts[k], 1);
    return { shift, damage: damageOf(shift) };
  });
  const change = (assignment: Assignment<F>, item: string, format: F) => {
    const from = numberIn(perturbations, assignment, item);
    const to = perturbations.indexOf(item, format);
    if (from === to) return 0;
    const { shift, damage } = stateOf(assignment);
    const moved = shift.slice();
    if (from >= 0) addStored(moved, shifts[from], -1);
    if (to >= 0) addStored(moved, shifts[to], 1);
    return damageOf(moved) - damage;
  };
  return {
    damage: (assignment) => stateOf(assignment).damage,
    change,
    ...supportsBy(perturbations, tangentsOf(outputs, shifts, damageOf)),
  };
}

/** The slope of a perturbation is the gradient by the shifts times its own shift. */
function tangentsOf(
  outputs: Outputs,
  shifts: readonly StoredVector[],
  damageOf: (shift: Float64Array) => number,
): (shares: Float64Array) => Tangent {
  return (shares) => {
    const shift = new Float64Array(outputs.length);
    for (const [k, share] of shares.entries()) if (share !== 0) addStored(shift, shifts[k], share);
    const gradient = new Float64Array(outputs.length);
    for (const segment of outputs.segments) segmentGradient(segment, shift, gradient);
    const slopes = slopesAlong(shifts, gradient);
    return { constant: slopes.reduce((rest, slope, k) => rest - slope * shares[k], damageOf(shift)), slopes };
  };
}

function slopesAlong(shifts: readonly StoredVector[], gradient: Float64Array): Float64Array {
  const block = new Float64Array(gradient.length);
  return Float64Array.from(shifts, (vector) => {
    readStored(vector, 0, block);
    return scalarProduct(gradient, block);
  });
}
