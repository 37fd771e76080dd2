import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noise } from '../../../test/support/prove-equal.js';
import { runGraph } from '../../../test/support/run-model.js';
import { floats, fromNumbers, ints, type Tensor } from '../../kernel/tensor.js';
import type { AttributeInput } from '../attributes.js';
import { buildModel, value } from '../build.js';
import { probeFeeds } from '../observe.js';
import { printType } from '../print.js';
import { inferTypes, plainTypes } from '../types.js';

interface Case {
  readonly op: string;
  readonly shape?: readonly number[];
  readonly constants?: readonly Tensor[];
  readonly attributes?: Readonly<Record<string, AttributeInput>>;
  readonly outputs?: number;
  readonly opset?: number;
}

/** Inferred and observed types of all outputs of one node over float32 `x`. */
async function types({ op, shape = [2, 3, 8, 9], constants = [], attributes = {}, outputs = 1, opset = 21 }: Case) {
  const names = Array.from({ length: outputs }, (_, i) => `y${i}`);
  const head = { inputs: [value('x', 'float32', shape)], outputs: names.map((name) => ({ name })), opset };
  const model = buildModel(head, (edit) => {
    const inputs = ['x', ...constants.map((tensor, i) => edit.constant(`c${i}`, tensor))];
    edit.add({ op, inputs, outputs: names, attributes });
  });
  const inferred = plainTypes(inferTypes(model));
  const results = await runGraph(model, probeFeeds(model, 0));
  return names.map((name) => {
    const { dtype, dims } = results[name];
    const type = inferred.get(name);
    return { inferred: type && printType(type), observed: printType({ kind: 'tensor', dtype, shape: dims }) };
  });
}

async function expectRight(item: Case): Promise<void> {
  for (const { inferred, observed } of await types(item)) expect(inferred).toBe(observed);
}

const runs = { numRuns: 25, seed: 11 };
const pair = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));

describe('shape rules say what ONNX Runtime makes', () => {
  it('of convolutions', async () => {
    const window = fc.record({
      kernel: pair(1, 3),
      strides: pair(1, 3),
      dilations: pair(1, 2),
      begins: pair(0, 2),
      ends: pair(0, 2),
    });
    await fc.assert(
      fc.asyncProperty(window, ({ kernel, strides, dilations, begins, ends }) =>
        expectRight({
          op: 'Conv',
          constants: [noise([4, 3, ...kernel])],
          attributes: { strides, dilations, pads: [...begins, ...ends] },
        }),
      ),
      runs,
    );
  });

  it('of transposed convolutions', async () => {
    const window = fc.record({ kernel: pair(1, 3), strides: pair(2, 3), begins: pair(0, 1), extra: pair(0, 1) });
    await fc.assert(
      fc.asyncProperty(window, ({ kernel, strides, begins, extra }) =>
        expectRight({
          op: 'ConvTranspose',
          constants: [noise([3, 2, ...kernel])],
          attributes: { strides, pads: [...begins, 0, 0], output_padding: extra },
        }),
      ),
      runs,
    );
  });

  it('of pools', async () => {
    const window = fc.record({
      op: fc.constantFrom('MaxPool', 'AveragePool'),
      kernel: pair(2, 3),
      strides: pair(1, 2),
      pads: pair(0, 1),
      ceil: fc.constantFrom(0, 1),
      auto: fc.constantFrom('NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'),
    });
    await fc.assert(
      fc.asyncProperty(window, ({ op, kernel, strides, pads, ceil, auto }) => {
        const padding = auto === 'NOTSET' ? { pads: [...pads, ...pads], ceil_mode: ceil } : { auto_pad: auto };
        return expectRight({ op, attributes: { kernel_shape: kernel, strides, ...padding } });
      }),
      { ...runs, numRuns: 40 },
    );
  });

  it('of slices in both directions', async () => {
    const slice = fc.record({
      from: fc.integer({ min: -12, max: 12 }),
      to: fc.integer({ min: -12, max: 12 }),
      step: fc.constantFrom(-3, -1, 1, 2, 5),
      axis: fc.constantFrom(-1, 2),
    });
    await fc.assert(
      fc.asyncProperty(slice, ({ from, to, step, axis }) =>
        expectRight({ op: 'Slice', constants: [from, to, axis, step].map((item) => ints([item])) }),
      ),
      { ...runs, numRuns: 50 },
    );
  });

  it.each<Case>([
    { op: 'Reshape', constants: [ints([0, -1, 9])] },
    { op: 'Flatten', attributes: { axis: -1 } },
    { op: 'Transpose', attributes: { perm: [3, 0, 2, 1] } },
    { op: 'Transpose' },
    { op: 'Concat', constants: [noise([2, 5, 8, 9])], attributes: { axis: 1 } },
    { op: 'Split', attributes: { axis: 3, num_outputs: 2 }, outputs: 2 },
    { op: 'Split', constants: [ints([1, 7])], attributes: { axis: 2 }, outputs: 2 },
    { op: 'Gather', constants: [ints([0, 1, 1, 0], [2, 2])], attributes: { axis: 1 } },
    { op: 'GatherElements', constants: [ints([0, 1], [1, 2, 1, 1])], attributes: { axis: 1 } },
    { op: 'GatherND', constants: [ints([0, 1, 1, 2], [2, 2])] },
    { op: 'Squeeze', shape: [2, 1, 1, 4], constants: [ints([1, -2])] },
    { op: 'Unsqueeze', constants: [ints([0, -1])] },
    { op: 'Expand', shape: [3, 1], constants: [ints([2, 1, 4])] },
    { op: 'Tile', constants: [ints([1, 2, 1, 3])] },
    { op: 'Pad', constants: [ints([0, 0, 1, 2, 0, 0, 3, -1])] },
    { op: 'Resize', constants: [floats([]), floats([1, 1, 1.7, 0.4])] },
    { op: 'Resize', constants: [floats([]), floats([]), ints([2, 3, 5, 5])] },
    { op: 'ReduceMean', constants: [ints([1, -1])], attributes: { keepdims: 0 } },
    { op: 'ReduceSum' },
    { op: 'ReduceMax', opset: 13, attributes: { axes: [2] } },
    { op: 'ArgMax', attributes: { axis: 1, keepdims: 0 } },
    { op: 'TopK', constants: [ints([2])], attributes: { axis: 2 }, outputs: 2 },
    { op: 'Gemm', shape: [4, 3], constants: [noise([5, 4])], attributes: { transA: 1, transB: 1 } },
    { op: 'MatMul', constants: [noise([3, 9, 2])] },
    { op: 'MatMul', shape: [2, 3], constants: [noise([3])] },
    { op: 'Einsum', constants: [noise([9, 2])], attributes: { equation: 'bchw,wk->bhk' } },
    { op: 'DepthToSpace', shape: [1, 8, 2, 3], attributes: { blocksize: 2 } },
    { op: 'SpaceToDepth', shape: [1, 2, 4, 6], attributes: { blocksize: 2 } },
    { op: 'Shape', attributes: { start: 1, end: -1 } },
    { op: 'Size' },
    { op: 'OneHot', shape: [2, 3], constants: [floats([4]), floats([0, 1])], attributes: { axis: 1 } },
    { op: 'Cast', attributes: { to: 7 } },
    { op: 'Greater', constants: [floats([0])] },
    { op: 'QuantizeLinear', constants: [floats([0.1], []), fromNumbers('int8', [], [0])] },
    { op: 'DynamicQuantizeLinear', outputs: 3 },
    { op: 'GlobalAveragePool' },
    { op: 'BatchNormalization', constants: [1, 2, 3, 4].map((seed) => noise([3], seed)) },
    {
      op: 'LSTM',
      shape: [5, 2, 3],
      constants: [noise([2, 16, 3]), noise([2, 16, 4])],
      attributes: { hidden_size: 4, direction: 'bidirectional' },
      outputs: 3,
    },
  ])('of $op $attributes', expectRight);
});
