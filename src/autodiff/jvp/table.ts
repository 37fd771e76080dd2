import { BitloomError } from '../../kernel/errors.js';
import type { Primitive } from '../primitives.js';
import { isFloat } from '../program.js';
import { ARRANGEMENT_JVP } from './arrangements.js';
import { BINARY_JVP } from './binary.js';
import { PRODUCT_JVP } from './products.js';
import { REDUCTION_JVP } from './reductions.js';
import type { JvpTable } from './rule.js';
import { UNARY_JVP } from './unary.js';

/** Forward mode: how each primitive carries tangents on. */
export const JVP: JvpTable<Primitive> = {
  ...UNARY_JVP,
  ...BINARY_JVP,
  ...PRODUCT_JVP,
  ...REDUCTION_JVP,
  ...ARRANGEMENT_JVP,
  /** Whole numbers and truth values have no derivative; `assertDifferentiable` has refused all other nodes. */
  Opaque: ({ params }) => {
    const open = !params.flat && params.outputs.some(({ dtype }) => isFloat(dtype));
    if (!open) return params.outputs.map(() => undefined);
    throw new BitloomError({ kind: 'internal', code: 'not-differentiable', message: `${params.op} has no derivative` });
  },
};
