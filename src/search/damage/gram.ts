import { random } from '../../kernel/random.js';
import type { Outputs, Segment } from './outputs.js';
import { readStored, type StoredVector } from './stored-vector.js';
import { type SymmetricMatrix, scalarProduct, symmetric } from './symmetric-matrix.js';

/** Values of all vectors that are multiplied at once: they stay in the processor's cache. */
const BLOCK = 1 << 18;

/**
 * G[k, l] = mean over samples of D_k' F D_l under the softmax Fisher F = diag(p) - p p' (I / variance of real values), from
 * rows a = sqrt(weight p) (D - p . D): G = A A'. 1/2 1' G 1 over a plan is the second-order part of its damage if shifts
 * add.
 *
 * @param shifts What `shiftVector` gave, one a perturbation.
 */
export function gramOf({ segments }: Outputs, shifts: readonly StoredVector[]): SymmetricMatrix {
  const sums = new Float64Array(shifts.length ** 2);
  for (const segment of segments) {
    const most = Math.max(1, Math.floor(BLOCK / Math.max(1, shifts.length * segment.width)));
    for (let first = 0; first < segment.weights.length; first += most) {
      const positions = Math.min(most, segment.weights.length - first);
      const rows = shifts.map((vector) => {
        const block = new Float64Array(positions * segment.width);
        readStored(vector, segment.offset + first * segment.width, block);
        toFisherRows(segment, first, block);
        return block;
      });
      addProducts(sums, rows);
    }
  }
  return symmetric(shifts.length, (k, l) => sums[k * shifts.length + l]);
}

/** Adds the scalar products of all rows, on and below the diagonal. */
function addProducts(sums: Float64Array, rows: readonly Float64Array[]): void {
  for (const [k, row] of rows.entries()) {
    for (let l = 0; l <= k; l++) sums[k * rows.length + l] += scalarProduct(row, rows[l]);
  }
}

/** Turns the shifts of positions from `first` on into rows whose scalar products are the Gram matrix's. */
function toFisherRows({ kind, width, weights, chances }: Segment, first: number, block: Float64Array): void {
  for (let at = 0; at * width < block.length; at++) {
    const own = block.subarray(at * width, (at + 1) * width);
    const root = Math.sqrt(weights[first + at]);
    if (kind === 'regression') {
      for (let c = 0; c < width; c++) own[c] *= root;
      continue;
    }
    const p = chances.subarray((first + at) * width, (first + at + 1) * width);
    const mean = scalarProduct(p, own);
    for (let c = 0; c < width; c++) own[c] = root * Math.sqrt(p[c]) * (own[c] - mean);
  }
}

/** A perturbation's Fisher row, projected to few values, and its squared length before that. */
export interface Sketch {
  readonly values: Float64Array;
  /** G[k, k], not projected. */
  readonly power: number;
}

/**
 * Projects a perturbation's Fisher row to `size` values by signs and buckets that the seed draws (count sketch; Charikar, Chen
 * and Farach-Colton, "Finding frequent items in data streams", 2002): one pass over the shifts, which need not be kept.
 * A scalar product of two sketches with the same size and seed errs by `sketchError` at one standard deviation, without bias.
 */
export function sketchOf({ segments }: Outputs, shift: Float64Array, size: number, seed: number): Sketch {
  const source = random(seed);
  const values = new Float64Array(size);
  let power = 0;
  for (const segment of segments) {
    const block = shift.slice(segment.offset, segment.offset + segment.weights.length * segment.width);
    toFisherRows(segment, 0, block);
    for (const value of block) {
      const draw = source.below(2 * size);
      values[draw >> 1] += draw & 1 ? value : -value;
      power += value * value;
    }
  }
  return { values, power };
}

/** The Gram matrix as the sketches have it: positive semi-definite as that is. */
export function gramOfSketches(sketches: readonly Sketch[]): SymmetricMatrix {
  return symmetric(sketches.length, (k, l) => scalarProduct(sketches[k].values, sketches[l].values));
}

/** Standard deviation of G[k, l] by sketches of this size, at most: sqrt((G_kk G_ll + G_kl^2) / size). */
export function sketchError(
  size: number,
  powerK: number,
  powerL: number,
  between = Math.sqrt(powerK * powerL),
): number {
  return Math.sqrt((powerK * powerL + between ** 2) / size);
}
