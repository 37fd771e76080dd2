import { describe, expect, it } from 'vitest';
import {
  addConv,
  noise,
  observe,
  operators,
  ortCpu,
  PLAIN_WEIGHTS,
  planOf,
  smallModel,
  tryPlan,
} from '../../test/plans.js';
import type { GraphEdit } from '../graph/edit.js';
import { floats, ints } from '../kernel/tensor.js';
import { makePlan, uniformFormats, valuesToObserve } from '../quantize/make-plan.js';
import type { AffineParameters } from '../quantize/plan.js';
import { findUnits } from '../quantize/units.js';

const DIMS = [1, 8, 6, 6];
const feeds = { x: noise(DIMS, 7) };

/** Puts the follower behind a convolution and hands on what the next convolution reads. */
type Between = (edit: GraphEdit, from: string) => string;

const conv = (edit: GraphEdit, from: string, name: string, seed: number) =>
  addConv(edit, { from, channels: [8, 8], name, seed });

const twoInputs =
  (op: string): Between =>
  (edit, from) =>
    edit.add({ op, inputs: [from, conv(edit, 'x', 'other', 5)] });

/** One case for every follower of the target; a new rule without one does not compile the table below. */
const CASES: Readonly<Record<string, Between>> = {
  Relu: (edit, from) => edit.add({ op: 'Relu', inputs: [from] }),
  Clip: (edit, from) =>
    edit.add({
      op: 'Clip',
      inputs: [from, edit.constant('low', floats([0], [])), edit.constant('high', floats([6], []))],
    }),
  Add: twoInputs('Add'),
  Mul: twoInputs('Mul'),
  Concat: (edit, from) => {
    const both = edit.add({ op: 'Concat', inputs: [from, conv(edit, 'x', 'other', 5)], attributes: { axis: 1 } });
    return addConv(edit, { from: both, channels: [16, 8], name: 'narrow', seed: 9 });
  },
  AveragePool: (edit, from) => edit.add({ op: 'AveragePool', inputs: [from], attributes: { kernel_shape: [2, 2] } }),
  GlobalAveragePool: (edit, from) => edit.add({ op: 'GlobalAveragePool', inputs: [from] }),
  Sigmoid: (edit, from) => edit.add({ op: 'Sigmoid', inputs: [from] }),
  LeakyRelu: (edit, from) => edit.add({ op: 'LeakyRelu', inputs: [from], attributes: { alpha: { float: 0.1 } } }),
  Softmax: (edit, from) => edit.add({ op: 'Softmax', inputs: [from], attributes: { axis: 3 } }),
  MaxPool: (edit, from) => edit.add({ op: 'MaxPool', inputs: [from], attributes: { kernel_shape: [2, 2] } }),
  Reshape: (edit, from) => edit.add({ op: 'Reshape', inputs: [from, edit.constant('shape', ints([1, 8, 4, 9]))] }),
  Transpose: (edit, from) => edit.add({ op: 'Transpose', inputs: [from], attributes: { perm: [0, 1, 3, 2] } }),
  Squeeze: (edit, from) => {
    const wide = edit.add({ op: 'Unsqueeze', inputs: [from, edit.constant('axes', ints([0]))] });
    return edit.add({ op: 'Squeeze', inputs: [wide, edit.constant('axes', ints([0]))] });
  },
  Unsqueeze: (edit, from) => {
    const narrow = edit.add({ op: 'Squeeze', inputs: [from, edit.constant('axes', ints([0]))] });
    return edit.add({ op: 'Unsqueeze', inputs: [narrow, edit.constant('axes', ints([0]))] });
  },
  Flatten: (edit, from) => {
    const flat = edit.add({ op: 'Flatten', inputs: [from], attributes: { axis: 2 } });
    return edit.add({ op: 'Reshape', inputs: [flat, edit.constant('shape', ints([1, 8, 6, 6]))] });
  },
  Resize: (edit, from) =>
    edit.add({
      op: 'Resize',
      inputs: [from, '', edit.constant('scales', floats([1, 1, 2, 2]))],
      attributes: { mode: 'nearest' },
    }),
  Slice: (edit, from) =>
    edit.add({
      op: 'Slice',
      inputs: [
        from,
        edit.constant('from', ints([1])),
        edit.constant('to', ints([5])),
        edit.constant('axes', ints([2])),
      ],
    }),
  Split: (edit, from) => {
    const outputs = ['left', 'right'];
    edit.add({ op: 'Split', inputs: [from], outputs, attributes: { axis: 1, num_outputs: 2 } });
    const both = edit.add({ op: 'Concat', inputs: outputs, attributes: { axis: 1 } });
    return addConv(edit, { from: both, channels: [8, 8], name: 'both', seed: 9 });
  },
  Gather: (edit, from) =>
    edit.add({ op: 'Gather', inputs: [from, edit.constant('rows', ints([0, 2, 4]))], attributes: { axis: 2 } }),
};

function modelWith(between: Between) {
  return smallModel(DIMS, (edit) => conv(edit, between(edit, conv(edit, 'x', 'before', 1)), 'after', 3));
}

describe('followers between 8-bit units run quantized', () => {
  it('has a case for every rule', () => {
    expect(Object.keys(CASES).sort()).toEqual(Object.keys(ortCpu.followers).sort());
  });

  it.each(Object.entries(CASES))('%s', async (op, between) => {
    const model = modelWith(between);
    const { executed, check } = await tryPlan(model, await planOf(model, feeds, 'w8a8'), feeds);
    const ran = operators(executed);
    const { kernel } = ortCpu.followers[op];
    expect(check.problems).toEqual([]);
    expect(ran.DequantizeLinear ?? 0).toBe(1);
    if (kernel) expect(Object.keys(ran).some((each) => each === kernel || each === `Nhwc${kernel}`)).toBe(true);
  });
});

describe('an activation function vanishes into the quantization before it', () => {
  const clip =
    (low: number, high: number): Between =>
    (edit, from) =>
      edit.add({
        op: 'Clip',
        inputs: [from, edit.constant('low', floats([low], [])), edit.constant('high', floats([high], []))],
      });

  it.each([
    [-1, 1],
    [0, 0.37],
    [-0.3, 2],
    [-7, 0],
  ])('Clip from %d to %d', async (low, high) => {
    const model = modelWith(clip(low, high));
    const { executed, check } = await tryPlan(model, await planOf(model, feeds, 'w8a8'), feeds);
    expect(check.problems).toEqual([]);
    expect(operators(executed).Clip).toBeUndefined();
  });

  it('also where calibration chose a range on both sides of 0', async () => {
    const model = modelWith(CASES.Relu);
    const observed = await observe(model, feeds, valuesToObserve(model, ortCpu));
    const mirrored = ({ scale }: AffineParameters) => ({ scale: scale * 2, zeroPoint: 128 });
    const activations = Object.fromEntries(
      Object.entries(observed).map(([name, held]) => [name, held[8] ? { 8: mirrored(held[8]) } : {}]),
    );
    const { formats } = uniformFormats(findUnits(model), 'w8a8', ortCpu);
    const plan = makePlan({
      model,
      modelHash: '',
      target: ortCpu,
      units: formats,
      activations,
      weights: PLAIN_WEIGHTS,
    });
    const { check } = await tryPlan(model, plan, feeds);
    expect(check.problems).toEqual([]);
    expect(plan.activations.Relu_output[8]?.zeroPoint).toBe(0);
  });

  it('but not where its bounds leave out 0', async () => {
    const model = modelWith(clip(0.5, 2));
    const { executed, check } = await tryPlan(model, await planOf(model, feeds, 'w8a8'), feeds);
    expect(check.problems).toEqual([]);
    expect(operators(executed).Clip).toBe(1);
  });
});
