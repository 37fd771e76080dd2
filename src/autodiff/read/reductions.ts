import { intAttribute } from '../../graph/attributes.js';
import type { Builder } from '../builder.js';
import { add, allAxes, exp, mean, mul, neg, reshape, slice, sqrt, square, sub, sum } from '../ops.js';
import type { Term } from '../program.js';
import { axesOf, axisOf, type ReadRule, type ReadRules, shapeOf } from './rule.js';

/** Over axes, which keep size 1. */
type Reduce = (b: Builder, x: Term, axes: readonly number[]) => Term;

const max: Reduce = (b, x, axes) => b.one('ReduceMax', [x], { axes });
const abs = (b: Builder, x: Term): Term => b.one('Abs', [x], {});
const log = (b: Builder, x: Term): Term => b.one('Log', [x], {});

/** The maximum is taken out first, so that no exponential overflows. */
const logSumExp: Reduce = (b, x, axes) => {
  const highest = max(b, x, axes);
  return add(b, log(b, sum(b, exp(b, sub(b, x, highest)), axes)), highest);
};

/** Products of halves: log2(n) multiplications an axis, and a derivative that needs no division. */
const product: Reduce = (b, x, axes) => axes.reduce((term, axis) => halved(b, term, axis), x);

function halved(b: Builder, x: Term, axis: number): Term {
  const size = x.shape[axis];
  if (size === 1) return x;
  const half = Math.floor(size / 2);
  const pairs = halved(b, mul(b, slice(b, x, axis, 0, half), slice(b, x, axis, half, 2 * half)), axis);
  return size % 2 === 0 ? pairs : mul(b, pairs, slice(b, x, axis, size - 1, size));
}

const REDUCE: Readonly<Record<string, Reduce>> = {
  ReduceSum: sum,
  ReduceMean: mean,
  ReduceMax: max,
  ReduceMin: (b, x, axes) => neg(b, max(b, neg(b, x), axes)),
  ReduceProd: product,
  ReduceL1: (b, x, axes) => sum(b, abs(b, x), axes),
  ReduceL2: (b, x, axes) => sqrt(b, sum(b, square(b, x), axes)),
  ReduceSumSquare: (b, x, axes) => sum(b, square(b, x), axes),
  ReduceLogSum: (b, x, axes) => log(b, sum(b, x, axes)),
  ReduceLogSumExp: logSumExp,
};

function reducing(reduce: Reduce): ReadRule {
  return (site) => {
    const { b, inputs, node } = site;
    const [x] = inputs;
    const stated = axesOf(site, 1);
    if (!stated && site.optional(1)) return undefined;
    const none = !stated || stated.length === 0;
    const unchanged = none && intAttribute(node, 'noop_with_empty_axes', 0) === 1;
    const axes = unchanged ? [] : none ? allAxes(x) : stated;
    return [reshape(b, reduce(b, x, axes), shapeOf(site))];
  };
}

/** The places are found as they are; the values are then picked at these places, and that has a derivative. */
const topK: ReadRule = ({ b, node, inputs, outputs: [values] }) => {
  const { op, domain, attributes } = node;
  if (!values) return undefined;
  const { dtype, shape } = values;
  const outputs = [
    { dtype, shape },
    { dtype: 'int64', shape },
  ] as const;
  const [, places] = b.all('Opaque', inputs, { op, domain, attributes, absent: [], outputs, flat: true });
  return [b.one('GatherElements', [inputs[0], places], { axis: axisOf(node, -1, shape.length) }), places];
};

export const REDUCTIONS: ReadRules = {
  ...Object.fromEntries(Object.entries(REDUCE).map(([op, reduce]) => [op, reducing(reduce)])),
  TopK: topK,
};
