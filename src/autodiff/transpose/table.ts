import type { Primitive } from '../primitives.js';
import { ARRANGEMENT_TRANSPOSE } from './arrangements.js';
import { BINARY_TRANSPOSE, UNARY_TRANSPOSE } from './elementwise.js';
import { PRODUCT_TRANSPOSE } from './products.js';
import { REDUCTION_TRANSPOSE } from './reductions.js';
import type { TransposeTable } from './rule.js';

/**
 * The adjoint of each primitive where it is linear. Reverse mode is the adjoint of forward mode, so these rules and
 * those of `jvp/` are all that it needs.
 */
export const TRANSPOSE: TransposeTable<Primitive> = {
  ...UNARY_TRANSPOSE,
  ...BINARY_TRANSPOSE,
  ...PRODUCT_TRANSPOSE,
  ...REDUCTION_TRANSPOSE,
  ...ARRANGEMENT_TRANSPOSE,
  Opaque: 'never-linear',
};
