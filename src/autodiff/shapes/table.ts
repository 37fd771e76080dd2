import type { Primitive } from '../primitives.js';
import { ARRANGEMENT_SHAPES } from './arrangements.js';
import { BINARY_SHAPES, UNARY_SHAPES } from './elementwise.js';
import { PRODUCT_SHAPES } from './products.js';
import { REDUCTION_SHAPES } from './reductions.js';
import type { ShapeTable } from './rule.js';

/** Types of what each primitive makes. */
export const SHAPES: ShapeTable<Primitive> = {
  ...UNARY_SHAPES,
  ...BINARY_SHAPES,
  ...PRODUCT_SHAPES,
  ...REDUCTION_SHAPES,
  ...ARRANGEMENT_SHAPES,
  Opaque: (_, { outputs }) => outputs,
};
