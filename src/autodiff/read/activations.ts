import { floatAttribute, stringAttribute } from '../../graph/attributes.js';
import type { Builder } from '../builder.js';
import { add, div, exp, mul, neg, relu, scale, shift, sub } from '../ops.js';
import type { Term } from '../program.js';
import { axisOf, constantOf, type ReadRule, type ReadRules, type ReadSite } from './rule.js';

/** f(x) of the first input, with an attribute by name. */
type Curve = (b: Builder, x: Term, parameter: (name: string, fallback: number) => number) => Term;

function curve(write: Curve): ReadRule {
  return ({ b, node, inputs: [x] }) => [write(b, x, (name, fallback) => floatAttribute(node, name, fallback))];
}

const clip = (b: Builder, x: Term, min: number, max: number): Term => b.one('Clip', [x], { min, max });

/** exp of what is negative, 1 elsewhere. */
const decay = (b: Builder, x: Term): Term => exp(b, clip(b, x, Number.NEGATIVE_INFINITY, 0));

/** 0 for what is not greater. */
function above(b: Builder, x: Term, bound: number, value: Term): Term {
  return b.one('Where', [b.one('Greater', [x, b.scalar(bound, x.dtype)], {}), value, b.scalar(0, x.dtype)], {});
}

/** Bounds that are inputs of the run are compared, element by element. */
const bounded: ReadRule = ({ b, inputs: [x], optional, numbers }) => {
  const [low, high] = [optional(1), optional(2)];
  const min = low ? numbers(1)?.[0] : Number.NEGATIVE_INFINITY;
  const max = high ? numbers(2)?.[0] : Number.POSITIVE_INFINITY;
  if (min !== undefined && max !== undefined) return [clip(b, x, min, max)];
  const raised = low ? b.one('Max', [x, low], {}) : x;
  return [high ? b.one('Min', [raised, high], {}) : raised];
};

/** x Phi(x), or its approximation by tanh. */
const gelu: ReadRule = ({ b, node, inputs: [x] }) => {
  const gate =
    stringAttribute(node, 'approximate', 'none') === 'tanh'
      ? b.one('Tanh', [scale(b, add(b, x, scale(b, mul(b, x, mul(b, x, x)), 0.044715)), Math.sqrt(2 / Math.PI))], {})
      : b.one('Erf', [scale(b, x, Math.SQRT1_2)], {});
  return [mul(b, scale(b, x, 0.5), shift(b, gate, 1))];
};

/** Outside [-lambd, lambd] the value, moved by `bias` towards 0. */
const shrink: Curve = (b, x, parameter) => {
  const [lambd, bias] = [parameter('lambd', 0.5), parameter('bias', 0)];
  const minus = neg(b, x);
  return sub(b, above(b, x, lambd, shift(b, x, -bias)), above(b, minus, lambd, shift(b, minus, -bias)));
};

/** An operator that is a primitive with an axis. */
function overAxis(op: 'Softmax' | 'LogSoftmax') {
  return ({ b, node, inputs: [x] }: ReadSite) => [b.one(op, [x], { axis: axisOf(node, -1, x.shape.length) })];
}

/** f(x) = max(0, x) + slope min(0, x). */
const leaky = (b: Builder, x: Term, slope: Term): Term => sub(b, relu(b, x), mul(b, slope, relu(b, neg(b, x))));

export const ACTIVATIONS: ReadRules = {
  Clip: bounded,
  Gelu: gelu,
  Softmax: overAxis('Softmax'),
  LogSoftmax: overAxis('LogSoftmax'),
  LeakyRelu: curve((b, x, parameter) => leaky(b, x, b.scalar(parameter('alpha', 0.01), x.dtype))),
  PRelu: ({ b, inputs: [x, slope] }) => [leaky(b, x, slope)],
  ThresholdedRelu: curve((b, x, parameter) => above(b, x, parameter('alpha', 1), x)),
  HardSigmoid: curve((b, x, parameter) =>
    clip(b, shift(b, scale(b, x, parameter('alpha', 0.2)), parameter('beta', 0.5)), 0, 1),
  ),
  HardSwish: curve((b, x) => mul(b, x, clip(b, shift(b, scale(b, x, 1 / 6), 0.5), 0, 1))),
  Elu: curve((b, x, parameter) => add(b, relu(b, x), scale(b, shift(b, decay(b, x), -1), parameter('alpha', 1)))),
  Selu: curve((b, x, parameter) => {
    const bend = scale(b, shift(b, decay(b, x), -1), parameter('alpha', 1.6732631921768188));
    return scale(b, add(b, relu(b, x), bend), parameter('gamma', 1.0507010221481323));
  }),
  Celu: curve((b, x, parameter) => {
    const alpha = parameter('alpha', 1);
    return add(b, relu(b, x), scale(b, shift(b, decay(b, scale(b, x, 1 / alpha)), -1), alpha));
  }),
  Mish: curve((b, x) => mul(b, x, b.one('Tanh', [b.one('Softplus', [x], {})], {}))),
  Softsign: curve((b, x) => div(b, x, shift(b, b.one('Abs', [x], {}), 1))),
  Shrink: curve(shrink),
  /** Swish of opset 24. */
  Swish: curve((b, x, parameter) => mul(b, x, b.one('Sigmoid', [scale(b, x, parameter('alpha', 1))], {}))),
  /** A mask of the rows and columns that stay. */
  Trilu: ({ b, node, inputs: [x], optional, numbers }) => {
    const offset = optional(1) ? numbers(1)?.[0] : 0;
    if (offset === undefined) return undefined;
    const [rows, columns] = x.shape.slice(-2);
    const upper = node.attributes.get('upper');
    const sign = upper?.kind === 'int' && upper.value === 0n ? -1 : 1;
    const stays = Array.from({ length: rows * columns }, (_, at) =>
      Number(sign * ((at % columns) - Math.floor(at / columns) - offset) >= 0),
    );
    return [b.one('Where', [constantOf(b, 'bool', [rows, columns], stays), x, b.scalar(0, x.dtype)], {})];
  },
};
