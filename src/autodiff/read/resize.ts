import { floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../../graph/attributes.js';
import type { Node } from '../../graph/model.js';
import type { Builder } from '../builder.js';
import { matmul, permute } from '../ops.js';
import type { Term } from '../program.js';
import { constantOf, fromFront, type ReadRule, type ReadRules, type ReadSite, range, shapeOf } from './rule.js';

/** One axis that changes. */
interface Axis {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
}

/** Place of an output element on the input's axis (Resize's text). */
const COORDINATES: Readonly<Record<string, (at: number, axis: Axis) => number>> = {
  half_pixel: (at, { scale }) => (at + 0.5) / scale - 0.5,
  half_pixel_symmetric(at, { from, to, scale }) {
    const adjustment = to / (scale * from);
    return (from / 2) * (1 - adjustment) + (at + 0.5) / scale - 0.5;
  },
  pytorch_half_pixel: (at, { to, scale }) => (to > 1 ? (at + 0.5) / scale - 0.5 : 0),
  align_corners: (at, { from, to }) => (to > 1 ? (at * (from - 1)) / (to - 1) : 0),
  asymmetric: (at, { scale }) => at / scale,
};

const NEAREST: Readonly<Record<string, (place: number) => number>> = {
  round_prefer_floor: (place) => Math.ceil(place - 0.5),
  round_prefer_ceil: (place) => Math.floor(place + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** Input places around `place` with their shares. */
type Share = readonly [place: number, weight: number];
type Taps = (place: number, node: Node) => readonly Share[];

const TAPS: Readonly<Record<string, Taps>> = {
  linear(place) {
    const below = Math.floor(place);
    return [
      [below, 1 - (place - below)],
      [below + 1, place - below],
    ];
  },
  /** Keys's kernel with the attribute's a. */
  cubic(place, node) {
    const a = floatAttribute(node, 'cubic_coeff_a', -0.75);
    const below = Math.floor(place);
    return range(4, below - 1).map((at) => [at, keys(Math.abs(place - at), a)]);
  },
};

function keys(d: number, a: number): number {
  return d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
}

/**
 * Each axis by itself: nearest picks elements, linear and cubic are a product with a matrix of shares. Antialiasing and
 * cropping have no reading.
 */
const resize: ReadRule = (site) => {
  const { b, node, inputs } = site;
  const [x] = inputs;
  const to = shapeOf(site);
  const scales = scalesOf(site, to);
  const coordinates = COORDINATES[stringAttribute(node, 'coordinate_transformation_mode', 'half_pixel')];
  if (!scales || !coordinates || intAttribute(node, 'antialias', 0) === 1) return undefined;
  const result = to.reduce((term, size, at) => {
    const axis = { from: x.shape[at], to: size, scale: scales[at] };
    const places = range(size).map((i) => coordinates(i, axis));
    if (axis.from === size && places.every((place, i) => place === i)) return term;
    return stringAttribute(node, 'mode', 'nearest') === 'nearest'
      ? picked(b, term, at, places, node)
      : mixed(b, term, at, places, node);
  }, x);
  return [result];
};

/** One an axis; 1 for those that are not asked to change. */
function scalesOf(site: ReadSite, to: readonly number[]): readonly number[] | undefined {
  const { shape } = site.inputs[0];
  const axes = (intsAttribute(site.node, 'axes') ?? range(shape.length)).map((axis) => fromFront(axis, shape.length));
  if (site.optional(3)) return to.map((size, axis) => size / shape[axis]);
  const stated = site.numbers(2);
  return stated && shape.map((_, axis) => (axes.includes(axis) ? stated[axes.indexOf(axis)] : 1));
}

function picked(b: Builder, x: Term, axis: number, places: readonly number[], node: Node): Term {
  const nearest = NEAREST[stringAttribute(node, 'nearest_mode', 'round_prefer_floor')];
  const indices = places.map((place) => Math.min(Math.max(nearest(place), 0), x.shape[axis] - 1));
  return b.one('Gather', [x, constantOf(b, 'int64', [indices.length], indices)], { axis });
}

/** Places outside are those of the border, or, where the node asks so, have no share. */
function mixed(b: Builder, x: Term, axis: number, places: readonly number[], node: Node): Term {
  const size = x.shape[axis];
  const excludes = intAttribute(node, 'exclude_outside', 0) === 1;
  const mode = stringAttribute(node, 'mode', 'linear');
  const matrix = new Float64Array(places.length * size);
  places.forEach((place, row) => {
    const taps = TAPS[mode](place, node).filter(([at]) => !excludes || (at >= 0 && at < size));
    const total = excludes ? taps.reduce((sum, [, weight]) => sum + weight, 0) : 1;
    for (const [at, weight] of taps) matrix[row * size + Math.min(Math.max(at, 0), size - 1)] += weight / total;
  });
  const shares = constantOf(b, x.dtype, [places.length, size], matrix);
  const rank = x.shape.length;
  if (axis === rank - 1) return matmul(b, x, shares, false, true);
  if (axis === rank - 2) return matmul(b, shares, x);
  const swap = x.shape.map((_, i) => (i === axis ? rank - 1 : i === rank - 1 ? axis : i));
  return permute(b, matmul(b, permute(b, x, swap), shares, false, true), swap);
}

export const RESIZE: ReadRules = { Resize: resize };
