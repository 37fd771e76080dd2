import { floatAttribute, intAttribute } from '../../graph/attributes.js';
import { sizeOf } from '../../kernel/shape.js';
import type { Builder } from '../builder.js';
import { add, div, mean, mul, reshape, scale, shift, sqrt, square, sub, sum } from '../ops.js';
import type { Term } from '../program.js';
import { along, axisOf, constantOf, type ReadRule, type ReadRules, range } from './rule.js';

interface Normalised {
  readonly value: Term;
  readonly mean: Term;
  /** 1 / standard deviation. */
  readonly inverse: Term;
}

/** Zero mean and unit variance over axes. */
function normalised(b: Builder, x: Term, axes: readonly number[], epsilon: number): Normalised {
  const middle = mean(b, x, axes);
  const centred = sub(b, x, middle);
  const deviation = sqrt(b, shift(b, mean(b, square(b, centred), axes), epsilon));
  return { value: div(b, centred, deviation), mean: middle, inverse: b.one('Reciprocal', [deviation], {}) };
}

/** One number a channel, as it broadcasts over [N,C,...]. */
function perChannel(b: Builder, values: Term, x: Term): Term {
  return reshape(b, values, along(1, x.shape.length, x.shape[1]));
}

/** x a + c with a = scale / sqrt(variance + epsilon), c = bias - mean a. */
const batch: ReadRule = ({ b, node, inputs: [x, factor, bias, middle, variance] }) => {
  if (intAttribute(node, 'training_mode', 0) === 1) return undefined;
  const a = div(b, factor, sqrt(b, shift(b, variance, floatAttribute(node, 'epsilon', 1e-5))));
  const c = sub(b, bias, mul(b, middle, a));
  return [add(b, mul(b, x, perChannel(b, a, x)), perChannel(b, c, x))];
};

const layer: ReadRule = ({ b, node, inputs: [x, factor], optional }) => {
  const first = axisOf(node, -1, x.shape.length);
  const axes = range(x.shape.length - first, first);
  const { value, mean, inverse } = normalised(b, x, axes, floatAttribute(node, 'epsilon', 1e-5));
  const bias = optional(2);
  const scaled = mul(b, value, factor);
  return [bias ? add(b, scaled, bias) : scaled, mean, inverse];
};

/** Root mean square only, of opset 23. */
const rms: ReadRule = ({ b, node, inputs: [x, factor] }) => {
  const first = axisOf(node, -1, x.shape.length);
  const power = mean(b, square(b, x), range(x.shape.length - first, first));
  return [mul(b, div(b, x, sqrt(b, shift(b, power, floatAttribute(node, 'epsilon', 1e-5)))), factor)];
};

/** Over the spatial axes of each channel. */
const instance: ReadRule = ({ b, node, inputs: [x, factor, bias] }) => {
  const { value } = normalised(b, x, range(x.shape.length - 2, 2), floatAttribute(node, 'epsilon', 1e-5));
  return [add(b, mul(b, value, perChannel(b, factor, x)), perChannel(b, bias, x))];
};

/** Over groups of channels with all their positions; one factor a channel. */
const group: ReadRule = ({ b, node, inputs: [x, factor, bias] }) => {
  const groups = intAttribute(node, 'num_groups', 1);
  const rows = reshape(b, x, [x.shape[0], groups, sizeOf(x.shape.slice(1)) / groups]);
  const { value } = normalised(b, rows, [2], floatAttribute(node, 'epsilon', 1e-5));
  const unit = reshape(b, value, x.shape);
  return [add(b, mul(b, unit, perChannel(b, factor, x)), perChannel(b, bias, x))];
};

/** x / (bias + alpha / size * sum of the squares of the `size` channels around)^beta. */
const localResponse: ReadRule = ({ b, node, inputs: [x] }) => {
  const size = intAttribute(node, 'size', 1);
  const [n, c, ...spatial] = x.shape;
  const squares = reshape(b, square(b, x), [n, 1, c, sizeOf(spatial)]);
  const weights = constantOf(b, x.dtype, [1, 1, size, 1], new Array(size).fill(1));
  const before = Math.floor((size - 1) / 2);
  const pads = [before, 0, size - 1 - before, 0];
  const window = { strides: [1, 1], dilations: [1, 1], pads, group: 1 };
  const sums = reshape(b, b.one('Conv', [squares, weights], window), x.shape);
  const base = shift(b, scale(b, sums, floatAttribute(node, 'alpha', 1e-4) / size), floatAttribute(node, 'bias', 1));
  return [div(b, x, b.one('Pow', [base, b.scalar(floatAttribute(node, 'beta', 0.75), x.dtype)], {}))];
};

/** x over its norm. */
const lp: ReadRule = ({ b, node, inputs: [x] }) => {
  const axes = [axisOf(node, -1, x.shape.length)];
  const norm =
    intAttribute(node, 'p', 2) === 1 ? sum(b, b.one('Abs', [x], {}), axes) : sqrt(b, sum(b, square(b, x), axes));
  return [div(b, x, norm)];
};

/** The 1e-9 is the function's own (MeanVarianceNormalization's text). */
const meanVariance: ReadRule = ({ b, node, inputs: [x] }) => {
  const stated = node.attributes.get('axes');
  const axes = stated?.kind === 'ints' ? stated.value.map(Number) : [0, 2, 3];
  const centred = sub(b, x, mean(b, x, axes));
  const deviation = sqrt(b, mean(b, square(b, centred), axes));
  return [div(b, centred, shift(b, deviation, 1e-9))];
};

export const NORMALISATIONS: ReadRules = {
  BatchNormalization: batch,
  LayerNormalization: layer,
  RMSNormalization: rms,
  InstanceNormalization: instance,
  GroupNormalization: group,
  LRN: localResponse,
  LpNormalization: lp,
  MeanVarianceNormalization: meanVariance,
};
