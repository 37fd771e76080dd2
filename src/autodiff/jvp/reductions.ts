import { sizeOf } from '../../kernel/shape.js';
import type { Reduction } from '../families.js';
import { div, exp, expand, mul, reshape, sub, sum } from '../ops.js';
import { linear } from './linear.js';
import type { JvpTable } from './rule.js';

export const REDUCTION_JVP: JvpTable<Reduction> = {
  ReduceSum: linear('ReduceSum'),
  /** The mean of the tangents of all places where the maximum is. */
  ReduceMax: ({ b, params: { axes }, x: [x], y: [y], t: [t] }) => {
    const mask = b.one('Cast', [b.one('Equal', [x, y], {})], { to: x.dtype });
    return [t && div(b, sum(b, mul(b, t, mask), axes), sum(b, mask, axes))];
  },
  /** dy = y (dx - sum(y dx)). */
  Softmax: ({ b, params: { axis }, y: [y], t: [t] }) => {
    const weighted = t && mul(b, t, y);
    return [weighted && sub(b, weighted, mul(b, sum(b, weighted, [axis]), y))];
  },
  /** dy = dx - sum(softmax(x) dx). */
  LogSoftmax: ({ b, params: { axis }, y: [y], t: [t] }) => {
    return [t && sub(b, t, expand(b, sum(b, mul(b, t, exp(b, y)), [axis]), t.shape))];
  },
  MaxPool: ({ b, x: [x], y: [y, positions], t: [t] }) => {
    const flat = t && reshape(b, t, [sizeOf(x.shape)]);
    const at = reshape(b, positions, [sizeOf(y.shape)]);
    return [flat && reshape(b, b.one('GatherElements', [flat, at], { axis: 0 }), y.shape), undefined];
  },
};
