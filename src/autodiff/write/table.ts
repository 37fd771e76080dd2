import type { Primitive } from '../primitives.js';
import { ARRANGEMENT_WRITE } from './arrangements.js';
import { BINARY_WRITE, UNARY_WRITE } from './elementwise.js';
import { PRODUCT_WRITE } from './products.js';
import { REDUCTION_WRITE } from './reductions.js';
import type { WriteTable } from './rule.js';

/** What `inFastForms` leaves in a program. */
export type Written = Exclude<Primitive, 'ConvWeight'>;

/** Each primitive as ONNX nodes at opset 21. */
export const WRITE: WriteTable<Written> = {
  ...UNARY_WRITE,
  ...BINARY_WRITE,
  ...PRODUCT_WRITE,
  ...REDUCTION_WRITE,
  ...ARRANGEMENT_WRITE,
  Opaque: ({ w, x, y, params: { op, domain, attributes, absent } }) => {
    const inputs = absent.toSorted((a, b) => a - b).reduce<readonly string[]>((all, at) => all.toSpliced(at, 0, ''), x);
    w.last(op, inputs, y, Object.fromEntries(attributes), domain);
  },
};
