import type { Quadratic } from './quadratic-form.js';
import { choleskyFactor, entry, type SymmetricMatrix, shifted, solveFactored, symmetric } from './symmetric-matrix.js';

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
 * The same damage on assignments as a convex function of shares. x^2 = x where x is 0 or 1, so that a diagonal may be moved
 * between the matrix and the linear part (Hammer and Rubin, "Some remarks on quadratic programming with 0-1 variables",
 * 1970). First the least multiple of the units' own damages goes to the matrix that makes it positive definite: one constant for all
 * would drown the units that do little. Then as much as it can spare goes to the linear part, which is exact
 * between assignments too: what is left of the matrix is what the shares of a relaxation can hide in.
 */
export function convexified({ alone, together }: Quadratic): Convexified {
  const { size } = together;
  const scale = scaleOf(alone, together);
  const scaled = symmetric(size, (k, l) => entry(together, k, l) / (scale[k] * scale[l]));
  const definite = shifted(scaled, leastShift(scaled) + ROUNDING * size);
  const spared = sparedDiagonal(definite);
  const curvature = symmetric(
    size,
    (k, l) => (entry(definite, k, l) - (k === l ? spared[k] : 0)) * scale[k] * scale[l],
  );
  return { linear: alone.map((value, k) => value - entry(curvature, k, k) / 2), curvature };
}

/** Passes over the diagonal, and the part of what an entry can spare that a pass takes: all at once would leave the others none. */
const PASSES = 12;
const PART = 0.3;

/**
 * A diagonal, near the largest there is, without which the matrix stays positive definite: an entry can spare
 * 1 / inverse_kk (Schur's complement), and the inverse follows each change by one product of its column (Sherman and Morrison).
 */
function sparedDiagonal(matrix: SymmetricMatrix): Float64Array {
  const { size } = matrix;
  const spared = new Float64Array(size);
  const factor = choleskyFactor(matrix);
  if (!factor) return spared;
  const unit = (k: number) => Float64Array.from({ length: size }, (_, l) => Number(k === l));
  const inverse = Array.from({ length: size }, (_, k) => solveFactored(factor, unit(k)));
  for (let pass = 0; pass < PASSES; pass++) {
    for (let k = 0; k < size; k++) {
      const column = inverse[k].slice();
      if (!(column[k] > 0)) return spared;
      const taken = PART / column[k];
      spared[k] += taken;
      const gain = taken / (1 - PART);
      for (let row = 0; row < size; row++) {
        const own = inverse[row];
        const times = gain * column[row];
        for (let l = 0; l < size; l++) own[l] += times * column[l];
      }
    }
  }
  // Rounding in so many updates must not leave the matrix indefinite.
  const rest = symmetric(size, (k, l) => entry(matrix, k, l) - (k === l ? spared[k] : 0));
  return choleskyFactor(shifted(rest, ROUNDING * size)) ? spared : new Float64Array(size);
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
