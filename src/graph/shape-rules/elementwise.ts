import type { DType } from '../../kernel/dtype.js';
import { dtypeFromOnnx } from '../../kernel/dtype.js';
import type { Dim } from '../../kernel/shape.js';
import { intAttribute } from '../attributes.js';
import { broadcast, difference, product, quotient, sum } from '../dims.js';
import { input, type Known, known, type ShapeRule, type ShapeRules, type Site } from './rule.js';

/** The first output is like the first input. */
const same: ShapeRule = (site) => {
  const { dtype, shape } = input(site, 0);
  return [known(dtype, shape)];
};

const identity: ShapeRule = (site) => [input(site, 0)];

function broadcasting(dtype?: DType, compute?: (a: Dim, b: Dim) => Dim): ShapeRule {
  return (site) => {
    // Before opset 7 the second operand was stretched over the first, along a stated axis.
    const shapes = site.opset < 7 ? [input(site, 0).shape] : site.inputs.map((item) => item?.shape);
    const complete = shapes.every((shape) => shape !== undefined);
    const contents = compute && combine(site, compute);
    return [known(dtype ?? input(site, 0).dtype, complete ? broadcast(shapes) : undefined, contents)];
  };
}

/** Elements of small integer tensors, one of which may be a scalar. */
function combine(site: Site, compute: (a: Dim, b: Dim) => Dim): readonly Dim[] | undefined {
  const a = input(site, 0).contents;
  const b = input(site, 1).contents;
  if (!a || !b || (a.length !== b.length && a.length !== 1 && b.length !== 1)) return undefined;
  const length = Math.max(a.length, b.length);
  return Array.from({ length }, (_, i) => compute(a[a.length === 1 ? 0 : i], b[b.length === 1 ? 0 : i]));
}

/** Whole-number division truncates; a named dimension divides only where that leaves no rest. */
function divide(site: Site): (a: Dim, b: Dim) => Dim {
  const whole = !input(site, 0).dtype?.startsWith('float');
  return (a, b) => {
    if (typeof a === 'number' && typeof b === 'number') return whole ? Math.trunc(a / b) : a / b;
    return quotient(a, b);
  };
}

/** A named dimension is a size, so it is never negative. */
function equal(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return Number(a === b);
  if (a !== null && a === b) return 1;
  const negative = [a, b].some((item) => typeof item === 'number' && item < 0);
  return negative && a !== null && b !== null ? 0 : null;
}

const where: ShapeRule = (site) => {
  const shapes = site.inputs.map((item) => item?.shape);
  const shape = shapes.every((item) => item !== undefined) ? broadcast(shapes) : undefined;
  const [condition, yes, no] = site.inputs.map((item) => item?.contents);
  const at = (list: readonly Dim[], i: number) => list[list.length === 1 ? 0 : i];
  if (!condition || !yes || !no) return [known(input(site, 1).dtype, shape)];
  const length = Math.max(condition.length, yes.length, no.length);
  const contents = Array.from({ length }, (_, i) => {
    const test = at(condition, i);
    return test === null ? null : test ? at(yes, i) : at(no, i);
  });
  return [known(input(site, 1).dtype, shape, contents)];
};

const cast: ShapeRule = (site) => {
  const { shape, contents } = input(site, 0);
  const dtype = dtypeFromOnnx(intAttribute(site.node, 'to', 0));
  const whole = dtype?.includes('int') ?? false;
  const converted = contents?.map((item) => (typeof item === 'number' && whole ? Math.trunc(item) : item));
  return [known(dtype, shape, dtype === 'bool' ? undefined : converted)];
};

const castLike: ShapeRule = (site) => [known(input(site, 1).dtype, input(site, 0).shape)];

const test: ShapeRule = (site) => [known('bool', input(site, 0).shape)];

/** The value and, if asked for, which elements were kept: a mask of the value's own type before opset 10. */
const dropout: ShapeRule = (site) => {
  const { dtype, shape } = input(site, 0);
  return [input(site, 0), known(site.opset < 10 ? dtype : 'bool', shape)];
};

/** Scale and offset do not change the shape; an outer type decides what comes out. */
const quantize: ShapeRule = (site) => {
  const stated = dtypeFromOnnx(intAttribute(site.node, 'output_dtype', 0));
  return [known(site.inputs[2]?.dtype ?? stated ?? 'uint8', input(site, 0).shape)];
};

const dequantize: ShapeRule = (site) => [known(input(site, 1).dtype, input(site, 0).shape)];

const dynamicQuantize: ShapeRule = (site): readonly Known[] => [
  known('uint8', input(site, 0).shape),
  known('float32', []),
  known('uint8', []),
];

const LIKE_THE_INPUT = [
  ...['Abs', 'Acos', 'Acosh', 'Asin', 'Asinh', 'Atan', 'Atanh', 'BitwiseNot', 'Ceil', 'Celu', 'Clip', 'Cos', 'Cosh'],
  ...['CumSum', 'Elu', 'Erf', 'Exp', 'Floor', 'Gelu', 'GroupNormalization', 'HardSigmoid', 'HardSwish', 'Hardmax'],
  ...['InstanceNormalization', 'LRN', 'LayerNormalization', 'LeakyRelu', 'Log', 'LogSoftmax', 'LpNormalization'],
  ...['MeanVarianceNormalization', 'Mish', 'Neg', 'PRelu', 'Reciprocal', 'Relu', 'ReverseSequence', 'Round'],
  ...['ScatterElements', 'Scatter', 'ScatterND', 'Selu', 'Shrink', 'Sigmoid', 'Sign', 'Sin', 'Sinh', 'Softmax'],
  ...['Softplus', 'Softsign', 'Sqrt', 'Swish', 'Tan', 'Tanh', 'ThresholdedRelu', 'Trilu'],
] as const;

const COMPARISONS = ['And', 'Or', 'Xor', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'] as const;

const BROADCASTING = ['Pow', 'Mean', 'Mod', 'BitShift', 'BitwiseAnd', 'BitwiseOr', 'BitwiseXor'] as const;

const least = (a: Dim, b: Dim) => (typeof a === 'number' && typeof b === 'number' ? Math.min(a, b) : null);
const most = (a: Dim, b: Dim) => (typeof a === 'number' && typeof b === 'number' ? Math.max(a, b) : null);

export const ELEMENTWISE: ShapeRules = {
  ...Object.fromEntries(LIKE_THE_INPUT.map((op) => [op, same])),
  ...Object.fromEntries(COMPARISONS.map((op) => [op, broadcasting('bool')])),
  ...Object.fromEntries(BROADCASTING.map((op) => [op, broadcasting()])),
  Add: broadcasting(undefined, sum),
  Sum: broadcasting(),
  Sub: broadcasting(undefined, difference),
  Mul: broadcasting(undefined, (a, b) => product([a, b])),
  Div: (site) => broadcasting(undefined, divide(site))(site),
  Min: broadcasting(undefined, least),
  Max: broadcasting(undefined, most),
  Equal: broadcasting('bool', equal),
  Where: where,
  Identity: identity,
  Dropout: dropout,
  Cast: cast,
  CastLike: castLike,
  Not: test,
  IsNaN: test,
  IsInf: test,
  QuantizeLinear: quantize,
  DequantizeLinear: dequantize,
  DynamicQuantizeLinear: dynamicQuantize,
};
