import type { SymmetricMatrix } from './symmetric-matrix.js';

/** Damage of single perturbations, and the extra damage of two together. */
export interface Quadratic {
  /** s_i(b): one a perturbation. */
  readonly alone: Float64Array;
  /**
   * c_ij(b, c) between perturbations of different items. Entries within one item, the diagonal too, are never damage; where
   * they make the matrix positive semi-definite, as those of a Gram matrix do, they make its supports tight.
   */
  readonly together: SymmetricMatrix;
}
