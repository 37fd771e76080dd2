import type { Builder } from '../builder.js';
import { add, expand } from '../ops.js';
import type { Primitive } from '../primitives.js';
import { broadcastShape } from '../shapes/elementwise.js';
import type { JvpRule, MaybeTerm } from './rule.js';

/** An operator that is linear in its first input is its own derivative. */
export function linear<P extends Primitive>(op: P): JvpRule<P> {
  return ({ b, params, x, t: [t] }) => [t && b.one(op, x.with(0, t), params)];
}

/** One that is linear in each of its two inputs: the product rule. */
export function bilinear<P extends Primitive>(op: P): JvpRule<P> {
  return ({ b, params, x, t }) => [
    total(
      b,
      t.map((tangent, i) => tangent && b.one(op, x.with(i, tangent), params)),
    ),
  ];
}

/** The sum of what is not 0. */
export function total(b: Builder, terms: readonly MaybeTerm[]): MaybeTerm {
  return terms.reduce((sum, term) => (sum && term ? add(b, sum, term) : (sum ?? term)), undefined);
}

/** A tangent of one broadcast input, brought to the output's shape. */
export function asWideAs(b: Builder, t: MaybeTerm, shape: readonly number[]): MaybeTerm {
  return t && expand(b, t, broadcastShape([t.shape, shape]));
}
