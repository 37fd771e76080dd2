import { ACTIVATIONS } from './activations.js';
import { ARITHMETIC } from './arithmetic.js';
import { ARRANGEMENTS } from './arrangements.js';
import { INDEXING } from './indexing.js';
import { MAKING } from './making.js';
import { NORMALISATIONS } from './normalisations.js';
import { POOLS } from './pools.js';
import { PRODUCTS } from './products.js';
import { REDUCTIONS } from './reductions.js';
import { RESIZE } from './resize.js';
import type { ReadRules } from './rule.js';

/** Operators of ONNX's own domain at opset 21, in primitives. What is not here is carried along as it is. */
export const READ: ReadRules = {
  ...ARITHMETIC,
  ...ACTIVATIONS,
  ...NORMALISATIONS,
  ...PRODUCTS,
  ...POOLS,
  ...REDUCTIONS,
  ...ARRANGEMENTS,
  ...INDEXING,
  ...RESIZE,
  ...MAKING,
};
