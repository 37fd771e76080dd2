import type { Builder } from '../builder.js';
import type { Binary } from '../families.js';
import { broadcastTo, div, mul, neg, shift, square, sub, zeros } from '../ops.js';
import type { Term } from '../program.js';
import { asWideAs, bilinear, total } from './linear.js';
import type { JvpTable, MaybeTerm } from './rule.js';

export const BINARY_JVP: JvpTable<Binary> = {
  Add: ({ b, y: [y], t: [s, t] }) => [s && t ? b.one('Add', [s, t], {}) : asWideAs(b, s ?? t, y.shape)],
  Sub: ({ b, y: [y], t: [s, t] }) => {
    if (s && t) return [sub(b, s, t)];
    return [asWideAs(b, s ?? (t && neg(b, t)), y.shape)];
  },
  Mul: bilinear('Mul'),
  Div: ({ b, x: [, divisor], y: [y], t: [s, t] }) => {
    const top = total(b, [s, t && neg(b, mul(b, y, t))]);
    return [asWideAs(b, top && div(b, top, divisor), y.shape)];
  },
  /** d(x^p) = p x^(p-1) dx + x^p log(x) dp. */
  Pow: ({ b, x: [x, p], y: [y], t: [s, t] }) => [
    total(b, [
      s && mul(b, s, mul(b, p, power(b, x, p))),
      t && asWideAs(b, mul(b, t, mul(b, y, b.one('Log', [x], {}))), y.shape),
    ]),
  ],
  Max: ({ b, x: [x, y], t }) => [chosen(b, [x, y], t)],
  Min: ({ b, x: [x, y], t }) => [chosen(b, [y, x], t)],
  Greater: () => [undefined],
  Equal: () => [undefined],
  And: () => [undefined],
  Where: ({ b, x: [condition, x, y], t: [, s, t] }) => {
    if (!s && !t) return [undefined];
    return [b.one('Where', [condition, s ?? zeros(b, x), t ?? zeros(b, y)], {})];
  },
};

/** x^(p-1), which for the commonest exponents needs no Pow. */
function power(b: Builder, x: Term, p: Term): Term {
  const exponent = b.constantScalar(p);
  if (exponent === 2) return x;
  if (exponent === 3) return square(b, x);
  return b.one('Pow', [x, shift(b, p, -1)], {});
}

/** The first tangent where `above` is greater than `below`, else the second. */
function chosen(b: Builder, [above, below]: readonly [Term, Term], [s, t]: readonly MaybeTerm[]): Term {
  const first = b.one('Cast', [b.one('Greater', [above, below], {})], { to: above.dtype });
  const second = sub(b, b.scalar(1, above.dtype), first);
  const both = [s && mul(b, s, first), t && mul(b, t, second)];
  return total(b, both) ?? broadcastTo(b, zeros(b, above), [below]);
}
