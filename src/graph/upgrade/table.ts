import { ATTRIBUTES_TO_INPUTS } from './attributes-to-inputs.js';
import { LEGACY } from './legacy.js';
import { MEANINGS } from './meanings.js';
import type { Step } from './step.js';

/** What changed in each operator from opset 6 to 21 (ONNX's Changelog), oldest first. */
export function stepsOf(op: string): readonly Step[] | undefined {
  const steps = [LEGACY, ATTRIBUTES_TO_INPUTS, MEANINGS].flatMap((table) => table[op] ?? []);
  if (steps.length === 0 && !SAME.has(op)) return undefined;
  return steps.toSorted((a, b) => a.opset - b.opset);
}

/** Operators that gained types or options from opset 6 to 21, and whose nodes mean what they meant. */
const SAME: ReadonlySet<string> = new Set([
  ...['Abs', 'Acos', 'Acosh', 'AffineGrid', 'ArgMax', 'ArgMin', 'Asin', 'Asinh', 'Atan', 'Atanh', 'AveragePool'],
  ...['Bernoulli', 'BitShift', 'BitwiseAnd', 'BitwiseNot', 'BitwiseOr', 'BitwiseXor', 'BlackmanWindow', 'Cast'],
  ...['CastLike', 'Ceil', 'Celu', 'CenterCropPad', 'Col2Im', 'Compress', 'Concat', 'ConcatFromSequence', 'Constant'],
  ...['ConstantOfShape', 'Conv', 'ConvInteger', 'ConvTranspose', 'Cos', 'Cosh', 'CumSum', 'DeformConv', 'DepthToSpace'],
  ...[
    'DequantizeLinear',
    'Det',
    'DynamicQuantizeLinear',
    'Einsum',
    'Elu',
    'Erf',
    'Exp',
    'Expand',
    'EyeLike',
    'Flatten',
  ],
  ...['Floor', 'Gather', 'GatherElements', 'GatherND', 'Gelu', 'GlobalAveragePool', 'GlobalLpPool', 'GlobalMaxPool'],
  ...['GreaterOrEqual', 'HammingWindow', 'HannWindow', 'HardSigmoid', 'HardSwish', 'Identity', 'If', 'ImageDecoder'],
  ...[
    'InstanceNormalization',
    'IsInf',
    'IsNaN',
    'LRN',
    'LayerNormalization',
    'LeakyRelu',
    'LessOrEqual',
    'Log',
    'Loop',
  ],
  ...['LpNormalization', 'LpPool', 'MatMul', 'MatMulInteger', 'Max', 'MaxPool', 'MaxRoiPool', 'MaxUnpool', 'Mean'],
  ...['MelWeightMatrix', 'Min', 'Mish', 'Mod', 'Multinomial', 'Neg', 'NegativeLogLikelihoodLoss', 'NonMaxSuppression'],
  ...['NonZero', 'Not', 'OneHot', 'Optional', 'OptionalGetElement', 'OptionalHasElement', 'QLinearConv'],
  ...['QLinearMatMul', 'QuantizeLinear', 'RandomNormal', 'RandomNormalLike', 'RandomUniform', 'RandomUniformLike'],
  ...[
    'Range',
    'Reciprocal',
    'RegexFullMatch',
    'Relu',
    'Reshape',
    'ReverseSequence',
    'Round',
    'STFT',
    'ScatterElements',
  ],
  ...['ScatterND', 'Selu', 'SequenceAt', 'SequenceConstruct', 'SequenceEmpty', 'SequenceErase', 'SequenceInsert'],
  ...['SequenceLength', 'SequenceMap', 'Shape', 'Shrink', 'Sigmoid', 'Sign', 'Sin', 'Sinh', 'Size'],
  ...['SoftmaxCrossEntropyLoss', 'Softplus', 'Softsign', 'SpaceToDepth', 'SplitToSequence', 'Sqrt', 'StringConcat'],
  ...['StringNormalizer', 'StringSplit', 'Sum', 'Tan', 'Tanh', 'TfIdfVectorizer', 'ThresholdedRelu', 'Tile'],
  ...['Transpose', 'Trilu', 'Unique', 'Where'],
]);
