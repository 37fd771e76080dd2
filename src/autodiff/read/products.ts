import { floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../../graph/attributes.js';
import type { Node } from '../../graph/model.js';
import type { Builder } from '../builder.js';
import { add, matmul, pad, reshape, scale } from '../ops.js';
import type { Term } from '../program.js';
import { einsum } from './einsum.js';
import { along, type ReadRule, type ReadRules, shapeOf } from './rule.js';
import { groupOf, stepsOf, windowOf } from './windows.js';

function withBias(b: Builder, y: Term, bias: Term | undefined): Term {
  return bias ? add(b, y, reshape(b, bias, along(1, y.shape.length, y.shape[1]))) : y;
}

const conv: ReadRule = (site) => {
  const { b, node, inputs } = site;
  const [x, w] = inputs;
  const slide = { kernel: w.shape.slice(2), from: x.shape.slice(2), to: shapeOf(site).slice(2) };
  const { strides, dilations, pads } = windowOf(node, slide);
  const y = b.one('Conv', [x, w], { strides, dilations, pads, group: groupOf(node) });
  return [withBias(b, y, site.optional(2))];
};

/**
 * The adjoint of the Conv with the same weight. What the output has beyond the reach of the last window is 0 before the
 * bias, since no input is added to it.
 */
const convTranspose: ReadRule = (site) => {
  const { b, node, inputs } = site;
  const [x, w] = inputs;
  const [kernel, from, to] = [w.shape.slice(2), x.shape.slice(2), shapeOf(site).slice(2)];
  const { strides, dilations } = stepsOf(node, kernel);
  const pads = transposedPads(node, kernel, from, to);
  const most = from.map((size, i) => {
    const reach = (kernel[i] - 1) * dilations[i] + 1;
    return size * strides[i] + reach - 1 - pads[i] - pads[i + kernel.length];
  });
  const spatial = to.map((size, i) => Math.min(size, most[i]));
  const y = b.one('ConvInput', [x, w], { strides, dilations, pads, group: groupOf(node), spatial });
  const rest = to.map((size, i) => size - spatial[i]);
  const whole = pad(b, y, [...y.shape.map(() => 0), 0, 0, ...rest]);
  return [withBias(b, whole, site.optional(2))];
};

/** Stated, or what is left over where the output's size is stated or follows from `auto_pad`. */
function transposedPads(
  node: Node,
  kernel: readonly number[],
  from: readonly number[],
  to: readonly number[],
): readonly number[] {
  const auto = stringAttribute(node, 'auto_pad', 'NOTSET');
  const none = [...kernel, ...kernel].map(() => 0);
  if (auto === 'VALID') return none;
  if (auto === 'NOTSET' && !node.attributes.has('output_shape')) return intsAttribute(node, 'pads') ?? none;
  const { strides, dilations } = stepsOf(node, kernel);
  const extra = intsAttribute(node, 'output_padding') ?? none;
  const totals = kernel.map((size, i) =>
    Math.max(0, (from[i] - 1) * strides[i] + extra[i] + (size - 1) * dilations[i] + 1 - to[i]),
  );
  const [more, less] = [totals.map((total) => Math.ceil(total / 2)), totals.map((total) => Math.floor(total / 2))];
  return auto === 'SAME_UPPER' ? [...less, ...more] : [...more, ...less];
}

const gemm: ReadRule = ({ b, node, inputs: [x, y], optional }) => {
  const product = matmul(b, x, y, intAttribute(node, 'transA', 0) === 1, intAttribute(node, 'transB', 0) === 1);
  const scaled = scale(b, product, floatAttribute(node, 'alpha', 1));
  const bias = optional(2);
  return [bias ? add(b, scaled, scale(b, bias, floatAttribute(node, 'beta', 1))) : scaled];
};

/** A vector is a row on the left and a column on the right. */
const matMul: ReadRule = (site) => {
  const { b, inputs } = site;
  const [x, y] = inputs;
  const left = x.shape.length === 1 ? reshape(b, x, [1, x.shape[0]]) : x;
  const right = y.shape.length === 1 ? reshape(b, y, [y.shape[0], 1]) : y;
  return [reshape(b, matmul(b, left, right), shapeOf(site))];
};

export const PRODUCTS: ReadRules = {
  Conv: conv,
  ConvTranspose: convTranspose,
  Gemm: gemm,
  MatMul: matMul,
  Einsum: einsum,
};
