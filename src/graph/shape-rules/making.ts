import { dtypeFromOnnx } from '../../kernel/dtype.js';
import type { Dim, Shape } from '../../kernel/shape.js';
import { intAttribute, intsAttribute, tensorAttribute } from '../attributes.js';
import { smallNumbers } from '../constants.js';
import { difference, product } from '../dims.js';
import { axisOf, input, known, normalAxis, numbersOf, type ShapeRule, type ShapeRules, unknownShape } from './rule.js';

/** Contents are followed through tensors of at most this many elements: shapes and their parts. */
const MOST_CONTENTS = 1024;

const constant: ShapeRule = (site) => {
  const value = tensorAttribute(site.node, 'value');
  if (value) return [known(value.dtype, value.dims, smallNumbers(value, MOST_CONTENTS))];
  const attribute = [...site.node.attributes.values()][0];
  switch (attribute?.kind) {
    case 'float':
      return [known('float32', [], [attribute.value])];
    case 'int':
      return [known('int64', [], [Number(attribute.value)])];
    case 'floats':
      return [known('float32', [attribute.value.length], attribute.value)];
    case 'ints':
      return [known('int64', [attribute.value.length], attribute.value.map(Number))];
    default:
      return [{}];
  }
};

const constantOfShape: ShapeRule = (site) => {
  const value = tensorAttribute(site.node, 'value');
  const shape = site.inputs[0]?.contents;
  const count = shape && product(shape);
  const fill = value ? smallNumbers(value)?.[0] : 0;
  const filled =
    typeof count === 'number' && count <= MOST_CONTENTS && fill !== undefined
      ? new Array<number>(count).fill(fill)
      : undefined;
  return [known(value?.dtype ?? 'float32', shape, filled)];
};

const range: ShapeRule = (site) => {
  const [start, end, step] = site.inputs.map((item) => item?.contents?.[0]);
  const dtype = input(site, 0).dtype;
  if (typeof start === 'number' && typeof end === 'number' && typeof step === 'number') {
    const length = Math.max(0, Math.ceil((end - start) / step));
    const contents = length <= MOST_CONTENTS ? Array.from({ length }, (_, i) => start + i * step) : undefined;
    return [known(dtype, [length], contents)];
  }
  return [known(dtype, [step === 1 && start !== undefined && end !== undefined ? difference(end, start) : null])];
};

const oneHot: ShapeRule = (site) => {
  const { shape } = input(site, 0);
  const dtype = input(site, 2).dtype;
  const axis = shape && axisOf(site, -1, shape.length + 1);
  if (!shape || axis === undefined) return [known(dtype)];
  return [known(dtype, shape.toSpliced(axis, 0, site.inputs[1]?.contents?.[0] ?? null))];
};

const topK: ShapeRule = (site) => {
  const { shape, dtype } = input(site, 0);
  const axis = shape && axisOf(site, -1, shape.length);
  if (!shape || axis === undefined) return [known(dtype), known('int64')];
  const k = intAttribute(site.node, 'k', 0) || (site.inputs[1]?.contents?.[0] ?? null);
  return [known(dtype, shape.with(axis, k)), known('int64', shape.with(axis, k))];
};

function reduced(shape: Shape, axes: readonly number[], keep: boolean): Shape {
  const gone = new Set(axes.map((axis) => normalAxis(axis, shape.length)));
  return keep ? shape.map((dim, axis) => (gone.has(axis) ? 1 : dim)) : shape.filter((_, axis) => !gone.has(axis));
}

const reduce: ShapeRule = (site) => {
  const { shape, dtype, contents } = input(site, 0);
  const keep = intAttribute(site.node, 'keepdims', 1) === 1;
  const stated = numbersOf(site, 1, intsAttribute(site.node, 'axes'));
  if (!shape || (!stated && site.inputs[1])) return [known(dtype)];
  const none = !stated || stated.length === 0;
  if (none && intAttribute(site.node, 'noop_with_empty_axes', 0) === 1) return [known(dtype, shape)];
  const axes = none ? shape.map((_, axis) => axis) : stated;
  const total = site.node.op === 'ReduceProd' && shape.length === 1 && contents ? [product(contents)] : undefined;
  return [known(dtype, reduced(shape, axes, keep), total)];
};

const argument: ShapeRule = (site) => {
  const { shape } = input(site, 0);
  const axis = intAttribute(site.node, 'axis', 0);
  return [known('int64', shape && reduced(shape, [axis], intAttribute(site.node, 'keepdims', 1) === 1))];
};

/** A named length is kept where its scale is 1. */
const resize: ShapeRule = (site) => {
  const { shape, dtype } = input(site, 0);
  const last = site.inputs.length - 1;
  const isUpsample = site.node.op === 'Upsample' || site.opset < 11;
  const sizes = isUpsample ? undefined : site.inputs[3]?.contents;
  if (!shape || site.node.attributes.has('axes')) return [known(dtype, shape && unknownShape(shape.length))];
  if (sizes?.length === shape.length) return [known(dtype, sizes)];
  const attribute = site.node.attributes.get('scales');
  const scales = attribute?.kind === 'floats' ? attribute.value : site.inputs[isUpsample ? last : 2]?.contents;
  return [
    known(
      dtype,
      shape.map((dim, axis) => scaled(dim, scales?.[axis])),
    ),
  ];
};

function scaled(dim: Dim, scale: Dim | undefined): Dim {
  if (scale === 1) return dim;
  return typeof dim === 'number' && typeof scale === 'number' ? Math.floor(dim * scale) : null;
}

const nonZero: ShapeRule = (site) => [known('int64', [input(site, 0).shape?.length ?? null, null])];

const drawn: ShapeRule = (site) => {
  const dtype = dtypeFromOnnx(intAttribute(site.node, 'dtype', 0));
  return [known(dtype ?? input(site, 0).dtype ?? 'float32', intsAttribute(site.node, 'shape') ?? input(site, 0).shape)];
};

const REDUCTIONS = ['L1', 'L2', 'LogSum', 'LogSumExp', 'Max', 'Mean', 'Min', 'Prod', 'Sum', 'SumSquare'] as const;

/** Operators that make tensors of another size than they read: constants, ranges, reductions, resized images. */
export const MAKING: ShapeRules = {
  ...Object.fromEntries(REDUCTIONS.map((kind) => [`Reduce${kind}`, reduce])),
  ArgMax: argument,
  ArgMin: argument,
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Range: range,
  OneHot: oneHot,
  TopK: topK,
  Resize: resize,
  Upsample: resize,
  NonZero: nonZero,
  EyeLike: drawn,
  RandomNormal: drawn,
  RandomNormalLike: drawn,
  RandomUniform: drawn,
  RandomUniformLike: drawn,
};
