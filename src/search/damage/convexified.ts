import type { Quadratic } from './quadratic-form.js';
import { choleskyFactor, entry, type SymmetricMatrix, shifted, symmetric } from './symmetric-matrix.js';

/** linear . x + 1/2 x' curvature x, the curvature positive semi-definite. */
export interface Convexified {
  readonly linear: Float64Array;
  readonly curvature: SymmetricMatrix;
}

/** A shift that rounding alone asks for, relative to the scaled matrix, whose entries are near 1. */
const ROUNDING = 1e-12;
/** Halvings between 0 and the largest sum of a row, which is enough (Gershgorin): a thousandth of that is left to win. */
const HALVINGS = 10;

/**
 * The same damage on assignments as a convex function of shares. x^2 = x where x is 0 or 1, so that a diagonal may be added to
 * the matrix and taken from the linear part (Hammer and Rubin, "Some remarks on quadratic programming with 0-1
 * variables", 1970). A Gram matrix needs none: its own diagonal and its entries within items are there, whatever damages
 * were measured alone. Any other gets the least multiple of its units' own damages that makes it positive
 * semi-definite: one constant for all would drown the units that do little.
 */
export function convexified({ alone, together }: Quadratic): Convexified {
  const scale = scaleOf(alone, together);
  const scaled = symmetric(together.size, (k, l) => entry(together, k, l) / (scale[k] * scale[l]));
  const shift = leastShift(scaled);
  const curvature = symmetric(
    together.size,
    (k, l) => entry(together, k, l) + (k === l ? shift * scale[k] * scale[k] : 0),
  );
  return { linear: alone.map((value, k) => value - entry(curvature, k, k) / 2), curvature };
}

/** The root of what a perturbation does alone, or what its largest interaction hints at; 1 where it does nothing at all. */
function scaleOf(alone: Float64Array, together: SymmetricMatrix): Float64Array {
  const roots = alone.map((value, k) => Math.sqrt(Math.max(value, entry(together, k, k) / 2, 0)));
  const largest = roots.reduce((most, root) => Math.max(most, root), 0) || 1;
  return roots.map((root, k) => {
    const row = together.values.subarray(k * together.size, (k + 1) * together.size);
    return Math.max(root, row.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / largest) || 1;
  });
}

/** A multiple of the identity that makes the matrix positive definite, near the least such; 0 where only rounding is amiss. */
function leastShift(matrix: SymmetricMatrix): number {
  if (choleskyFactor(shifted(matrix, ROUNDING * matrix.size))) return 0;
  let high = 0;
  for (let k = 0; k < matrix.size; k++) {
    const row = matrix.values.subarray(k * matrix.size, (k + 1) * matrix.size);
    high = Math.max(high, row.reduce((total, value) => total + Math.abs(value), 0) * (1 + ROUNDING));
  }
  let low = 0;
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (low + high) / 2;
    if (choleskyFactor(shifted(matrix, middle))) high = middle;
    else low = middle;
  }
  return high;
}
