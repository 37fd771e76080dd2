import type { Product } from '../families.js';
import { bilinear } from './linear.js';
import type { JvpTable } from './rule.js';

export const PRODUCT_JVP: JvpTable<Product> = {
  MatMul: bilinear('MatMul'),
  Conv: bilinear('Conv'),
  ConvInput: bilinear('ConvInput'),
  ConvWeight: bilinear('ConvWeight'),
};
