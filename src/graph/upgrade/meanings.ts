import { floats, fromNumbers, isDense, toNumbers } from '../../kernel/tensor.js';
import { floatAttribute, intAttribute, stringAttribute } from '../attributes.js';
import { smallNumbers } from '../constants.js';
import type { Node } from '../model.js';
import { change, type Step, type Steps, type UpgradeSite } from './step.js';

/**
 * Before 13 everything from `axis` on was one long row; from 13 on `axis` is one dimension. The same where the axis is
 * the last or all after it are 1; otherwise the tensor is flattened first and given its shape back.
 */
const softmax: Step = {
  opset: 13,
  convert(node, site) {
    const shape = site.shape(node.inputs[0]);
    const stated = intAttribute(node, 'axis', 1);
    const axis = shape && stated < 0 ? stated + shape.length : stated;
    if (shape && axis < shape.length && shape.slice(axis + 1).every((dim) => dim === 1)) {
      return change(node, site, { set: { axis } });
    }
    return flattened(node, site, stated);
  },
};

function flattened(node: Node, site: UpgradeSite, axis: number): undefined {
  const [input] = node.inputs;
  const { edit } = site;
  const shape = edit.add({ name: `${node.name}_shape`, op: 'Shape', inputs: [input] });
  const rows = edit.add({ name: `${node.name}_rows`, op: 'Flatten', inputs: [input], attributes: { axis } });
  const inner = edit.fresh(`${node.name}_flat`);
  change(node, site, { inputs: [rows], set: { axis: -1 } });
  edit.update(node.name, { outputs: [inner] });
  edit.add({ name: `${node.name}_restore`, op: 'Reshape', inputs: [inner, shape], outputs: node.outputs });
  return undefined;
}

/** `spatial` 0 normalised every element by itself: plain arithmetic with parameters of the shape [C, D1, ...]. */
const batchNormSpatial: Step = {
  opset: 9,
  convert(node, site) {
    if (intAttribute(node, 'spatial', 1) !== 0) return change(node, site, { drop: ['spatial'] });
    const { edit } = site;
    const [data, scale, bias, mean, variance] = node.inputs;
    const part = (op: string, inputs: readonly string[]) => edit.add({ name: `${node.name}_${op}`, op, inputs });
    const epsilon = edit.constant(`${node.name}_epsilon`, floats([floatAttribute(node, 'epsilon', 1e-5)], []));
    const deviation = part('Sqrt', [part('Add', [variance, epsilon])]);
    const unit = part('Div', [part('Sub', [data, mean]), deviation]);
    const inputs = [part('Mul', [unit, scale]), bias];
    edit.update(node.name, { op: 'Add', inputs, outputs: node.outputs.slice(0, 1), attributes: new Map() });
    return undefined;
  },
};

const batchNormTraining: Step = {
  opset: 14,
  convert: (node) => (node.outputs.slice(1).some(Boolean) ? 'it runs in training mode' : undefined),
};

/**
 * Resize 10 was asymmetric; its nearest mode took the element below when enlarging and above when reducing (ONNX
 * Runtime's kernel; the text of opset 10 does not say).
 */
const resizeModes: Step = {
  opset: 11,
  convert(node, site) {
    const [data, scales] = node.inputs;
    const inputs = [data, site.edit.constant(`${node.name}_roi`, floats([])), scales];
    const set = { coordinate_transformation_mode: 'asymmetric' };
    if (stringAttribute(node, 'mode', 'nearest') !== 'nearest' || node.attributes.has('nearest_mode')) {
      return change(node, site, { inputs, set });
    }
    const factors = smallNumbers(site.constant(scales));
    if (!factors) return 'the direction in which nearest rounds depends on its scales, which are not constant';
    const [enlarges, reduces] = [factors.some((factor) => factor > 1), factors.some((factor) => factor < 1)];
    if (enlarges && reduces) return 'it enlarges one axis and reduces another, and rounds in different directions';
    return change(node, site, { inputs, set: { ...set, nearest_mode: reduces ? 'ceil' : 'floor' } });
  },
};

/** An empty `scales` beside `sizes` is left out; `tf_half_pixel_for_nn` with floor is half pixels rounded half up. */
const resizeInputs: Step = {
  opset: 13,
  convert(node, site) {
    const inputs = node.inputs[3] ? node.inputs.with(2, '') : node.inputs;
    if (stringAttribute(node, 'coordinate_transformation_mode', 'half_pixel') !== 'tf_half_pixel_for_nn') {
      return change(node, site, { inputs });
    }
    const floor = stringAttribute(node, 'nearest_mode', 'round_prefer_floor') === 'floor';
    if (!floor || stringAttribute(node, 'mode', 'nearest') !== 'nearest') return 'tf_half_pixel_for_nn is gone';
    return change(node, site, {
      inputs,
      set: { coordinate_transformation_mode: 'half_pixel', nearest_mode: 'round_prefer_ceil' },
    });
  },
};

/** Upsample became Resize. It never reduces, so nearest takes the element below. */
const upsample: Step = {
  opset: 10,
  convert(node, site) {
    const nearest = stringAttribute(node, 'mode', 'nearest') === 'nearest';
    const rounding = nearest && site.target >= 11 ? { nearest_mode: 'floor' } : {};
    return change(node, site, { op: 'Resize', set: { mode: nearest ? 'nearest' : 'linear', ...rounding } });
  },
};

/** Scale and bias were one per group, and are one per channel now. */
const groupNorm: Step = {
  opset: 21,
  convert(node, site) {
    const channels = site.shape(node.inputs[0])?.[1];
    const groups = intAttribute(node, 'num_groups', 1);
    if (typeof channels !== 'number') return 'the number of its channels is not known';
    const repeated = node.inputs.slice(1, 3).map((name) => repeatedConstant(name, channels / groups, site));
    if (!repeated.every((name) => name !== undefined)) return 'its scale or bias is not constant';
    return change(node, site, { inputs: [node.inputs[0], ...repeated] });
  },
};

function repeatedConstant(name: string, times: number, site: UpgradeSite): string | undefined {
  const tensor = site.constant(name);
  if (!tensor || !isDense(tensor)) return undefined;
  const values = Array.from(toNumbers(tensor)).flatMap((item) => new Array<number>(times).fill(item));
  return site.edit.constant(`${name}_per_channel`, fromNumbers(tensor.dtype, [values.length], values));
}

const RENAMED_MODES: Readonly<Record<string, string>> = { bilinear: 'linear', bicubic: 'cubic' };

const gridSample: Step = {
  opset: 20,
  convert(node, site) {
    const mode = stringAttribute(node, 'mode', 'bilinear');
    return change(node, site, { set: { mode: RENAMED_MODES[mode] ?? mode } });
  },
};

const roiAlign: Step = {
  opset: 16,
  convert: (node, site) => change(node, site, { set: { coordinate_transformation_mode: 'output_half_pixel' } }),
};

const scatter: Step = { opset: 11, convert: (node, site) => change(node, site, { op: 'ScatterElements' }) };

function refused(opset: number, reason: string): Step {
  return { opset, convert: () => reason };
}

/** Operators that mean something else than before. */
export const MEANINGS: Steps = {
  Softmax: [softmax],
  LogSoftmax: [softmax],
  Hardmax: [softmax],
  BatchNormalization: [batchNormSpatial, batchNormTraining],
  Upsample: [upsample],
  Resize: [resizeModes, resizeInputs],
  GroupNormalization: [groupNorm],
  GridSample: [gridSample],
  RoiAlign: [roiAlign],
  Scatter: [scatter],
  Scan: [refused(9, 'it ran over a batch axis, which Scan no longer has')],
  MeanVarianceNormalization: [refused(9, 'it was experimental, with other attributes')],
};
