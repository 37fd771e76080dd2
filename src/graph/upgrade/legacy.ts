import { intAttribute } from '../attributes.js';
import type { Node } from '../model.js';
import { change, intConstant, type Step, type Steps, type UpgradeSite } from './step.js';

/**
 * Up to opset 6 the second operand was stretched over the first from `axis` on; from 7 on both are aligned at their
 * last axes, so the second operand gets ones behind it. Its ending on the first's last axis was the default.
 */
const binary: Step = {
  opset: 7,
  convert(node, site) {
    const drop = ['broadcast', 'axis', 'consumed_inputs'];
    if (intAttribute(node, 'broadcast', 0) === 0 || !node.attributes.has('axis')) return change(node, site, { drop });
    const [rank, operandRank] = node.inputs.map((name) => site.shape(name)?.length);
    if (rank === undefined || operandRank === undefined) return 'the ranks that its axis counts in are not known';
    const axis = intAttribute(node, 'axis', 0);
    const behind = rank - (axis < 0 ? axis + rank : axis) - operandRank;
    if (behind <= 0) return change(node, site, { drop });
    const shape = [...new Array<number>(operandRank).fill(0), ...new Array<number>(behind).fill(1)];
    return change(node, site, { inputs: [node.inputs[0], reshaped(node, site, node.inputs[1], shape)], drop });
  },
};

/** A slope per channel lay along the second axis. */
const prelu: Step = {
  opset: 7,
  convert(node, site) {
    const [data, slope] = node.inputs;
    const [rank, slopeShape] = [site.shape(data)?.length, site.shape(slope)];
    if (rank === undefined || !slopeShape) return 'the shapes of its input and slope are not known';
    const drop = ['consumed_inputs'];
    if (slopeShape.length !== 1 || slopeShape[0] === 1 || rank <= 2) return change(node, site, { drop });
    const shape = [0, ...new Array<number>(rank - 2).fill(1)];
    return change(node, site, { inputs: [data, reshaped(node, site, slope, shape)], drop });
  },
};

function reshaped(node: Node, site: UpgradeSite, value: string, shape: readonly number[]): string {
  const target = intConstant(node, site, 'shape', shape);
  return site.edit.add({ name: `${node.name}_align`, op: 'Reshape', inputs: [value, target] });
}

/** `is_test` told inference from training, which has its own outputs or operators since. */
const testMode: Step = {
  opset: 7,
  convert: (node, site) =>
    intAttribute(node, 'is_test', 0) === 0
      ? 'it runs in training mode (is_test is 0)'
      : change(node, site, { drop: ['is_test', 'consumed_inputs'] }),
};

function without(...drop: readonly string[]): Step {
  return { opset: 7, convert: (node, site) => change(node, site, { drop }) };
}

const BINARY = ['Add', 'Sub', 'Mul', 'Div', 'Pow', 'And', 'Or', 'Xor', 'Equal', 'Greater', 'Less'] as const;

/** From opset 6 to 7. */
export const LEGACY: Steps = {
  ...Object.fromEntries(BINARY.map((op) => [op, [binary]])),
  PRelu: [prelu],
  Gemm: [without('broadcast')],
  BatchNormalization: [testMode],
  Dropout: [testMode],
  LSTM: [without('output_sequence')],
  GRU: [without('output_sequence')],
  RNN: [without('output_sequence')],
};
