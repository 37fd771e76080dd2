/** Uses of every operator that is read into primitives: a model of one node each, with random inputs. */
import type { AttributeInput } from '../../src/graph/attributes.js';
import { floats, ints, tensor } from '../../src/kernel/tensor.js';
import type { Operand } from './read-back.js';

type Case = readonly [
  op: string,
  operands: readonly Operand[],
  attributes?: Readonly<Record<string, AttributeInput>>,
  outputs?: readonly string[],
];

const f = (value: number) => ({ float: value });
const scalar = (value: number) => floats([value], []);

const ARITHMETIC: readonly Case[] = [
  ['Max', [[2, 3], [3], [2, 1]]],
  ['Min', [[2, 3], [3]]],
  ['Sum', [[2, 3], [3], [1]]],
  ['Mean', [[2, 3], [3], [2, 1]]],
  ['Pow', [[2, 3], scalar(2)]],
  ['Pow', [[2, 3], scalar(1)]],
  ['Pow', [[2, 3], ints([3], [])]],
  ['Tan', [[2, 3]]],
  ['Sinh', [[2, 3]]],
  ['Cosh', [[2, 3]]],
  ['Dropout', [[2, 3]]],
  ['CumSum', [[2, 3, 4], ints([1], [])]],
  ['CumSum', [[2, 3, 4], ints([-3], [])], { exclusive: 1 }],
  ['CumSum', [[2, 3], ints([1], [])], { exclusive: 1, reverse: 1 }],
  ['CumSum', [[2, 3], ints([0], [])], { reverse: 1 }],
];

const ACTIVATIONS: readonly Case[] = [
  ['Clip', [[2, 9], scalar(-0.5), scalar(0.5)]],
  ['Clip', [[2, 9], '', scalar(0.5)]],
  ['Clip', [[2, 9], scalar(0.1)]],
  ['Clip', [[2, 9], [], []]],
  ['Gelu', [[2, 9]]],
  ['Gelu', [[2, 9]], { approximate: 'tanh' }],
  ['LeakyRelu', [[2, 9]], { alpha: f(0.2) }],
  [
    'PRelu',
    [
      [2, 3, 4],
      [3, 1],
    ],
  ],
  ['ThresholdedRelu', [[2, 9]], { alpha: f(0.3) }],
  ['HardSigmoid', [[2, 9]]],
  ['HardSwish', [[2, 9]]],
  ['Elu', [[2, 9]], { alpha: f(0.7) }],
  ['Selu', [[2, 9]]],
  ['Celu', [[2, 9]], { alpha: f(0.7) }],
  ['Mish', [[2, 9]]],
  ['Softsign', [[2, 9]]],
  ['Softplus', [[2, 9]]],
  ['Shrink', [[2, 9]], { lambd: f(0.4), bias: f(0.1) }],
  ['Softmax', [[2, 3, 4]], { axis: 1 }],
  ['LogSoftmax', [[2, 3, 4]]],
  ['Trilu', [[2, 3, 4]]],
  ['Trilu', [[4, 3], ints([-1], [])], { upper: 0 }],
  ['Trilu', [[4, 3], ints([1], [])], { upper: 1 }],
];

const NORMALISATIONS: readonly Case[] = [
  ['BatchNormalization', [[2, 3, 4], [3], [3], [3], floats([0.5, 1, 2])], { epsilon: f(0.01) }],
  ['LayerNormalization', [[2, 3, 4], [4], [4]]],
  [
    'LayerNormalization',
    [
      [2, 3, 4],
      [3, 4],
    ],
    { axis: 1 },
    ['y', 'y1', 'y2'],
  ],
  ['InstanceNormalization', [[2, 3, 4, 5], [3], [3]]],
  ['GroupNormalization', [[2, 6, 5], [6], [6]], { num_groups: 3 }],
  ['LRN', [[2, 7, 3, 3]], { size: 5, alpha: f(0.3), beta: f(0.5), bias: f(2) }],
  ['LpNormalization', [[2, 3, 4]], { axis: 1, p: 1 }],
  ['LpNormalization', [[2, 3, 4]]],
  ['MeanVarianceNormalization', [[2, 3, 4, 4]]],
];

const PRODUCTS: readonly Case[] = [
  ['Conv', [[2, 4, 9], [6, 2, 3], [6]], { group: 2, strides: [2], dilations: [2], pads: [1, 3] }],
  [
    'Conv',
    [
      [1, 2, 5, 6],
      [3, 2, 3, 2],
    ],
    { auto_pad: 'SAME_UPPER', strides: [2, 2] },
  ],
  [
    'Conv',
    [
      [1, 2, 5, 6],
      [3, 2, 3, 2],
    ],
    { auto_pad: 'SAME_LOWER' },
  ],
  [
    'Conv',
    [
      [1, 2, 4, 5, 6],
      [3, 2, 1, 2, 3],
    ],
    { auto_pad: 'VALID' },
  ],
  ['ConvTranspose', [[2, 4, 5], [4, 3, 3], [6]], { group: 2, strides: [3], pads: [1, 0], output_padding: [2] }],
  [
    'ConvTranspose',
    [
      [1, 2, 3, 4],
      [2, 3, 3, 2],
    ],
    { strides: [2, 2], output_shape: [6, 9] },
  ],
  [
    'ConvTranspose',
    [
      [1, 2, 3, 4],
      [2, 3, 3, 3],
    ],
    { strides: [2, 2], auto_pad: 'SAME_UPPER' },
  ],
  [
    'ConvTranspose',
    [
      [1, 2, 3, 4],
      [2, 3, 3, 3],
    ],
    { strides: [2, 2], auto_pad: 'SAME_LOWER' },
  ],
  ['Gemm', [[3, 2], [4, 3], [4]], { transA: 1, transB: 1, alpha: f(0.5), beta: f(2) }],
  ['MatMul', [[3], [3, 2]]],
  ['MatMul', [[2, 4, 3], [3]]],
  ['MatMul', [[3], [3]]],
  [
    'Einsum',
    [
      [2, 3, 4],
      [4, 5],
    ],
    { equation: 'bij, jk -> bik' },
  ],
  [
    'Einsum',
    [
      [2, 3, 4, 5],
      [2, 6, 4, 5],
    ],
    { equation: 'bqhd,bkhd->bhqk' },
  ],
  ['Einsum', [[2, 3, 4]], { equation: 'abc->ca' }],
  ['Einsum', [[3, 4], [4]], { equation: 'ij,j' }],
  [
    'Einsum',
    [
      [2, 3, 4],
      [1, 4, 5],
    ],
    { equation: '...ij,...jk->...ik' },
  ],
  [
    'Einsum',
    [
      [2, 3],
      [3, 4],
      [4, 5],
    ],
    { equation: 'ab,bc,cd->ad' },
  ],
];

const POOLS: readonly Case[] = [
  ['MaxPool', [[1, 2, 7, 8]], { kernel_shape: [3, 2], strides: [2, 3], pads: [1, 0, 1, 1], ceil_mode: 1 }],
  ['MaxPool', [[1, 2, 9]], { kernel_shape: [3], dilations: [2], auto_pad: 'NOTSET' }, ['y', 'y1']],
  ['MaxPool', [[1, 2, 6, 6]], { kernel_shape: [3, 3], strides: [2, 2], auto_pad: 'SAME_UPPER' }],
  ['AveragePool', [[1, 2, 7, 8]], { kernel_shape: [3, 2], strides: [2, 3], pads: [1, 0, 1, 1], ceil_mode: 1 }],
  ['AveragePool', [[1, 2, 6, 6]], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 }],
  [
    'AveragePool',
    [[1, 2, 6, 6]],
    { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], count_include_pad: 1, ceil_mode: 1 },
  ],
  ['AveragePool', [[1, 2, 6, 5]], { kernel_shape: [3, 2], auto_pad: 'SAME_LOWER' }],
  ['AveragePool', [[1, 2, 6, 5]], { kernel_shape: [6, 5] }],
  ['AveragePool', [[1, 2, 9]], { kernel_shape: [3], dilations: [2] }],
  ['LpPool', [[1, 2, 6, 5]], { kernel_shape: [3, 2], strides: [2, 1], p: 3 }],
  ['GlobalAveragePool', [[2, 3, 4, 5]]],
  ['GlobalMaxPool', [[2, 3, 4, 5]]],
  ['GlobalLpPool', [[2, 3, 4]]],
];

const REDUCTIONS: readonly Case[] = [
  ...['Sum', 'Mean', 'Max', 'Min', 'Prod', 'L1', 'L2', 'SumSquare', 'LogSumExp'].map(
    (kind): Case => [`Reduce${kind}`, [[2, 5, 3], ints([-2])], { keepdims: 0 }],
  ),
  ['ReduceSum', [[2, 3]], { noop_with_empty_axes: 1 }],
  ['ReduceMean', [[2, 3]]],
  ['ReduceProd', [[2, 7]]],
  ['TopK', [[3, 5], ints([2])], { axis: -1 }, ['y', 'y1']],
  ['TopK', [[3, 5], ints([2])], { axis: 0, largest: 0 }, ['y', 'y1']],
];

const ARRANGEMENTS: readonly Case[] = [
  ['Split', [[2, 7], ints([3, 4])], { axis: 1 }, ['y', 'y1']],
  ['Split', [[2, 7]], { axis: -1, num_outputs: 3 }, ['y', 'y1', 'y2']],
  ['Slice', [[5, 6], ints([-2, 1]), ints([-100, 100]), ints([0, 1]), ints([-2, 2])]],
  ['Slice', [[5, 6], ints([1]), ints([-1]), ints([-1])]],
  ['Slice', [[5, 6], ints([4]), ints([2])]],
  ['Tile', [[2, 3], ints([3, 2])]],
  ['Expand', [[2, 1], ints([3, 1, 4])]],
  ['Flatten', [[2, 3, 4]], { axis: -1 }],
  ['Squeeze', [[2, 1, 3, 1], ints([-1])]],
  ['Unsqueeze', [[2, 3], ints([0, -1])]],
  [
    'Concat',
    [
      [2, 3],
      [2, 1],
    ],
    { axis: -1 },
  ],
  ['Transpose', [[2, 3, 4]]],
  ['DepthToSpace', [[1, 8, 2, 3]], { blocksize: 2 }],
  ['DepthToSpace', [[1, 8, 2, 3]], { blocksize: 2, mode: 'CRD' }],
  ['SpaceToDepth', [[1, 2, 4, 6]], { blocksize: 2 }],
  ['Pad', [[2, 3], ints([1, 0, 0, 2])]],
  ['Pad', [[2, 3], ints([1, -1, 0, 2]), scalar(7)]],
  ['Pad', [[2, 3], ints([1, 2]), scalar(Number.NEGATIVE_INFINITY), ints([-1])]],
  ['Pad', [[2, 4], ints([1, 3, 0, 2])], { mode: 'reflect' }],
  ['Pad', [[2, 4], ints([1, 3, 0, 2])], { mode: 'edge' }],
  ['Pad', [[2, 4], ints([1, 3, 0, 2])], { mode: 'wrap' }],
];

const INDEXING: readonly Case[] = [
  ['Gather', [[4, 5], ints([-1], [])], { axis: 1 }],
  ['Gather', [[4, 5], ints([1, 2])]],
  ['Gather', [[4, 5], ints([3, -4, 2, 0], [2, 2])], { axis: -1 }],
  ['GatherElements', [[3, 4], ints([0, -1, 1, 2], [2, 2])], { axis: 1 }],
  ['GatherND', [[3, 4, 2], ints([0, -1, 2, 1], [2, 2])]],
  ['ScatterElements', [[3, 4], ints([0, -1, 1, 2], [2, 2]), [2, 2]], { axis: 1 }],
  ['ScatterElements', [[3, 4], ints([0, 0, 1, 2], [2, 2]), [2, 2]], { axis: 0, reduction: 'add' }],
  ['ScatterND', [[3, 4, 2], ints([0, -1, 2, 1], [2, 2]), [2, 2]]],
  ['ScatterND', [[3, 4], ints([1, 1], [2, 1]), [2, 4]], { reduction: 'add' }],
];

const sizes = (...values: number[]): readonly Operand[] => [[1, 2, 4, 5], '', '', ints([1, 2, ...values])];
const scales = (...values: number[]): readonly Operand[] => [[1, 2, 4, 5], '', floats([1, 1, ...values])];
const MODES = ['half_pixel', 'half_pixel_symmetric', 'pytorch_half_pixel', 'align_corners', 'asymmetric'];

const RESIZE: readonly Case[] = [
  ...MODES.flatMap((mode): Case[] => [
    ['Resize', sizes(7, 3), { mode: 'linear', coordinate_transformation_mode: mode }],
    ['Resize', scales(1.7, 0.7), { mode: 'linear', coordinate_transformation_mode: mode }],
    ['Resize', sizes(9, 2), { coordinate_transformation_mode: mode }],
    ['Resize', sizes(9, 3), { mode: 'cubic', coordinate_transformation_mode: mode }],
  ]),
  ...['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'].map(
    (mode): Case => ['Resize', sizes(8, 3), { nearest_mode: mode, coordinate_transformation_mode: 'asymmetric' }],
  ),
  ['Resize', sizes(8, 7), { mode: 'cubic', exclude_outside: 1, cubic_coeff_a: f(-0.5) }],
  ['Resize', [[1, 2, 4, 5], '', floats([2, 3])], { axes: [2, 3] }],
];

const MAKING: readonly Case[] = [
  ['EyeLike', [[3, 4]], { k: 1 }],
  ['ConstantOfShape', [ints([40, 50])], { value: floats([2]) }],
  ['Where', [tensor('bool', [3], Uint8Array.of(1, 0, 1)), [2, 3], [3]]],
];

export const OPERATOR_CASES = {
  ...{ ARITHMETIC, ACTIVATIONS, NORMALISATIONS, PRODUCTS, POOLS, REDUCTIONS },
  ...{ ARRANGEMENTS, INDEXING, RESIZE, MAKING },
};

/** What `oneNode` takes, under a title of its own. */
export function titled([op, operands, attributes = {}, outputs = ['y']]: Case) {
  const inputs = operands.map((operand) => (typeof operand === 'string' ? '-' : `[${sizesOf(operand)}]`));
  return { title: `${op}(${inputs}) ${JSON.stringify(attributes)}`, op, operands, attributes, outputs };
}

function sizesOf(operand: Exclude<Operand, ''>): readonly number[] {
  return 'dims' in operand ? operand.dims : operand;
}
