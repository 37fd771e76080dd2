import type { Dim, Shape } from '../../kernel/shape.js';
import { intAttribute, intsAttribute } from '../attributes.js';
import { broadcast, product, quotient, sum } from '../dims.js';
import {
  axisOf,
  input,
  known,
  normalAxis,
  numbersOf,
  type ShapeRule,
  type ShapeRules,
  type Site,
  unknownShape,
} from './rule.js';

const shapeOf: ShapeRule = (site) => {
  const { shape } = input(site, 0);
  if (!shape) return [known('int64', [null])];
  const clamp = (at: number) => Math.min(Math.max(at < 0 ? at + shape.length : at, 0), shape.length);
  const part = shape.slice(
    clamp(intAttribute(site.node, 'start', 0)),
    clamp(intAttribute(site.node, 'end', shape.length)),
  );
  return [known('int64', [part.length], part)];
};

const sizeRule: ShapeRule = (site) => {
  const { shape } = input(site, 0);
  return [known('int64', [], shape && [product(shape)])];
};

const reshape: ShapeRule = (site) => {
  const { shape, dtype, contents } = input(site, 0);
  const target = site.inputs[1]?.contents ?? intsAttribute(site.node, 'shape');
  if (!target) {
    const rank = input(site, 1).shape?.[0];
    return [known(dtype, typeof rank === 'number' ? unknownShape(rank) : undefined)];
  }
  const keepsZero = intAttribute(site.node, 'allowzero', 0) === 1;
  const copied = target.map((dim, axis) => (dim === 0 && !keepsZero ? (shape?.[axis] ?? null) : dim));
  return [known(dtype, withRest(copied, shape), contents)];
};

/** Fills the one dimension that is -1 or unknown from the number of elements. */
function withRest(target: Shape, from: Shape | undefined): Shape {
  const open = target.flatMap((dim, axis) => (dim === -1 || dim === null ? [axis] : []));
  if (open.length !== 1 || !from) return target.map((dim) => (dim === -1 ? null : dim));
  const rest = quotient(product(from), product(target.toSpliced(open[0], 1)));
  return target.with(open[0], rest);
}

const flatten: ShapeRule = (site) => {
  const { shape, dtype } = input(site, 0);
  if (!shape) return [known(dtype, [null, null])];
  const axis = intAttribute(site.node, 'axis', 1);
  const at = axis < 0 ? axis + shape.length : axis;
  return [known(dtype, [product(shape.slice(0, at)), product(shape.slice(at))])];
};

const transpose: ShapeRule = (site) => {
  const { shape, dtype } = input(site, 0);
  const order = intsAttribute(site.node, 'perm') ?? shape?.map((_, axis) => shape.length - 1 - axis);
  return [
    known(
      dtype,
      order?.map((axis) => shape?.[axis] ?? null),
    ),
  ];
};

const concat: ShapeRule = (site) => {
  const parts = site.inputs.map((item) => item ?? {});
  const dtype = parts.find((part) => part.dtype)?.dtype;
  const contents = parts.every((part) => part.contents) ? parts.flatMap((part) => part.contents ?? []) : undefined;
  const shapes = parts.flatMap((part) => (part.shape ? [part.shape] : []));
  const rank = shapes[0]?.length;
  const axis = rank === undefined ? undefined : axisOf(site, 1, rank);
  if (rank === undefined || axis === undefined) return [known(dtype)];
  const whole = shapes.length === parts.length;
  const dims = Array.from({ length: rank }, (_, at): Dim => {
    const along = shapes.map((shape) => shape[at]);
    if (at === axis) return whole ? along.reduce(sum, 0) : null;
    return along.find((dim) => typeof dim === 'number') ?? along.find((dim) => dim !== null) ?? null;
  });
  return [known(dtype, dims, rank === 1 ? contents : undefined)];
};

const split: ShapeRule = (site) => {
  const { shape, dtype, contents } = input(site, 0);
  const axis = shape && axisOf(site, 0, shape.length);
  if (!shape || axis === undefined) return site.node.outputs.map(() => known(dtype));
  const sizes = numbersOf(site, 1, intsAttribute(site.node, 'split')) ?? equalParts(site, shape[axis]);
  let from = 0;
  return site.node.outputs.map((_, position) => {
    const size = sizes[position] ?? null;
    const part =
      contents && shape.length === 1 && typeof size === 'number' ? contents.slice(from, from + size) : undefined;
    from += typeof size === 'number' ? size : 0;
    return known(dtype, shape.with(axis, size), part);
  });
};

/** Without sizes all parts are equal; from opset 18 on the last may be smaller. */
function equalParts(site: Site, dim: Dim): Shape {
  const count = site.node.outputs.length;
  if (typeof dim !== 'number') return site.node.outputs.map(() => quotient(dim, count));
  const size = Math.ceil(dim / count);
  return site.node.outputs.map((_, position) => Math.min(size, dim - position * size));
}

const squeeze: ShapeRule = (site) => {
  const { shape, dtype, contents } = input(site, 0);
  const axes = numbersOf(site, 1, intsAttribute(site.node, 'axes'));
  if (!shape || (!axes && site.inputs[1])) return [known(dtype)];
  if (!axes && shape.some((dim) => typeof dim !== 'number')) return [known(dtype)];
  const gone = new Set(axes?.map((axis) => normalAxis(axis, shape.length)));
  return [
    known(
      dtype,
      shape.filter((dim, axis) => (axes ? !gone.has(axis) : dim !== 1)),
      contents,
    ),
  ];
};

const unsqueeze: ShapeRule = (site) => {
  const { shape, dtype, contents } = input(site, 0);
  const axes = numbersOf(site, 1, intsAttribute(site.node, 'axes'));
  if (!shape || !axes) return [known(dtype)];
  const rank = shape.length + axes.length;
  const added = new Set(axes.map((axis) => normalAxis(axis, rank)));
  const rest = [...shape];
  const dims = Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : (rest.shift() ?? null)));
  return [known(dtype, dims, contents)];
};

const gather: ShapeRule = (site) => {
  const { shape, dtype, contents } = input(site, 0);
  const indices = input(site, 1);
  const axis = shape && axisOf(site, 0, shape.length);
  if (!shape || axis === undefined || !indices.shape) return [known(dtype)];
  const dims = [...shape.slice(0, axis), ...indices.shape, ...shape.slice(axis + 1)];
  const picked =
    shape.length === 1 && contents
      ? indices.contents?.map((at) => (typeof at === 'number' ? (contents.at(at) ?? null) : null))
      : undefined;
  return [known(dtype, dims, picked)];
};

const slice: ShapeRule = (site) => {
  const { shape, dtype, contents } = input(site, 0);
  const starts = intsAttribute(site.node, 'starts') ?? site.inputs[1]?.contents;
  const ends = intsAttribute(site.node, 'ends') ?? site.inputs[2]?.contents;
  const axes =
    numbersOf(site, 3, intsAttribute(site.node, 'axes')) ?? (site.inputs[3] ? undefined : starts?.map((_, i) => i));
  const steps = site.inputs[4] ? site.inputs[4].contents : starts?.map(() => 1);
  if (!shape) return [known(dtype)];
  if (!starts || !ends || !axes || !steps) return [known(dtype, unknownShape(shape.length))];
  const dims: Dim[] = [...shape];
  axes.forEach((axis, i) => {
    const at = normalAxis(axis, shape.length);
    if (at !== undefined) dims[at] = sliced(shape[at], starts[i], ends[i], steps[i]);
  });
  const [start, end, step] = [starts[0], ends[0], steps[0]];
  const cut =
    contents && shape.length === 1 && typeof start === 'number' && typeof end === 'number' && step === 1
      ? contents.slice(start, end)
      : undefined;
  return [known(dtype, dims, cut)];
};

/** Length of `[start:end:step]` (Slice's text, numpy's rule). A named end is taken to lie inside the axis. */
function sliced(dim: Dim, start: Dim, end: Dim, step: Dim): Dim {
  if (typeof start !== 'number' || typeof step !== 'number') return null;
  if (typeof end !== 'number') return step === 1 && start === 0 ? end : null;
  if (typeof dim !== 'number') return step === 1 && start === 0 && end >= 2 ** 31 - 1 ? dim : null;
  const [low, high] = step > 0 ? [0, dim] : [-1, dim - 1];
  const clamp = (at: number) => Math.min(Math.max(at < 0 ? at + dim : at, low), high);
  return Math.max(0, Math.ceil((clamp(end) - clamp(start)) / step));
}

const expand: ShapeRule = (site) => {
  const { shape, dtype } = input(site, 0);
  const target = site.inputs[1]?.contents;
  return [known(dtype, shape && target ? broadcast([shape, target]) : undefined)];
};

const tile: ShapeRule = (site) => {
  const { shape, dtype } = input(site, 0);
  const repeats = site.inputs[1]?.contents;
  return [
    known(
      dtype,
      shape?.map((dim, axis) => product([dim, repeats?.[axis] ?? null])),
    ),
  ];
};

const pad: ShapeRule = (site) => {
  const { shape, dtype } = input(site, 0);
  const pads = numbersOf(site, 1, intsAttribute(site.node, 'pads'));
  if (!shape) return [known(dtype)];
  const axes = site.inputs[3] ? numbersOf(site, 3, undefined) : shape.map((_, axis) => axis);
  if (!pads || !axes) return [known(dtype, unknownShape(shape.length))];
  const dims: Dim[] = [...shape];
  axes.forEach((axis, i) => {
    const at = normalAxis(axis, shape.length);
    if (at !== undefined) dims[at] = sum(shape[at], pads[i] + pads[i + axes.length]);
  });
  return [known(dtype, dims)];
};

const gatherElements: ShapeRule = (site) => [known(input(site, 0).dtype, input(site, 1).shape)];

const gatherND: ShapeRule = (site) => {
  const { shape, dtype } = input(site, 0);
  const indices = input(site, 1).shape;
  const depth = indices?.at(-1);
  if (!shape || !indices || typeof depth !== 'number') return [known(dtype)];
  return [known(dtype, [...indices.slice(0, -1), ...shape.slice(intAttribute(site.node, 'batch_dims', 0) + depth)])];
};

/** Operators that move elements. */
export const ARRANGING: ShapeRules = {
  Shape: shapeOf,
  Size: sizeRule,
  Reshape: reshape,
  Flatten: flatten,
  Transpose: transpose,
  Concat: concat,
  Split: split,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  Slice: slice,
  Expand: expand,
  Tile: tile,
  Pad: pad,
};
