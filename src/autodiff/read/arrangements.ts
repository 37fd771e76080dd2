import { intAttribute, intsAttribute, stringAttribute } from '../../graph/attributes.js';
import type { Builder } from '../builder.js';
import { concat, expand, pad, permute, reshape, slice } from '../ops.js';
import type { Term } from '../program.js';
import { axisOf, constantOf, fromFront, type ReadRule, type ReadRules, type ReadSite, range, shapeOf } from './rule.js';

/** Operators that only say the shape anew: it is known already. */
const reshaped: ReadRule = (site) => [reshape(site.b, site.inputs[0], shapeOf(site))];

const split: ReadRule = ({ b, node, inputs: [x], outputs }) => {
  const axis = axisOf(node, 0, x.shape.length);
  const sizes = outputs.map((output) => output?.shape[axis]);
  if (!sizes.every((size) => size !== undefined)) return undefined;
  const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((sum, size) => sum + size, 0));
  return sizes.map((size, i) => slice(b, x, axis, starts[i], starts[i] + size));
};

interface Cut {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** Where steps are negative the places are picked, else a run is cut out. */
const sliced: ReadRule = (site) => {
  const cuts = cutsOf(site);
  return cuts && [cuts.reduce((x, cut) => cutOut(site.b, x, cut), site.inputs[0])];
};

function cutsOf(site: ReadSite): readonly Cut[] | undefined {
  const { shape } = site.inputs[0];
  const [starts, ends] = [site.numbers(1), site.numbers(2)];
  const axes = site.optional(3) ? site.numbers(3) : starts?.map((_, i) => i);
  const steps = site.optional(4) ? site.numbers(4) : starts?.map(() => 1);
  if (!starts || !ends || !axes || !steps) return undefined;
  return axes.map((stated, i) => {
    const axis = fromFront(stated, shape.length);
    return { axis, step: steps[i], ...ranged(shape[axis], starts[i], ends[i], steps[i]) };
  });
}

/** Negative places count from the end, and what lies outside is the nearest that is not (Slice's text, numpy's rule). */
function ranged(size: number, start: number, end: number, step: number): { start: number; end: number } {
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const inside = (at: number) => Math.min(Math.max(at < 0 ? at + size : at, low), high);
  return { start: inside(start), end: inside(end) };
}

function cutOut(b: Builder, x: Term, { axis, start, end, step }: Cut): Term {
  if (step < 0) {
    const count = Math.max(0, Math.ceil((end - start) / step));
    const places = range(count).map((i) => start + i * step);
    return b.one('Gather', [x, constantOf(b, 'int64', [count], places)], { axis });
  }
  const none = x.shape.map(() => 0);
  const steps = x.shape.map((_, i) => (i === axis ? step : 1));
  return b.one('Slice', [x], { starts: none.with(axis, start), ends: x.shape.with(axis, Math.max(start, end)), steps });
}

/** Each axis is repeated as a whole. */
const tile: ReadRule = (site) => {
  const { b, inputs } = site;
  const [x] = inputs;
  const to = shapeOf(site);
  const apart = x.shape.flatMap((dim) => [1, dim]);
  const repeated = x.shape.flatMap((dim, axis) => [dim === 0 ? 0 : to[axis] / dim, dim]);
  return [reshape(b, expand(b, reshape(b, x, apart), repeated), to)];
};

/** Blocks of channels become blocks of places: depth-column-row, or column-row-depth. */
const depthToSpace: ReadRule = (site) => {
  const { b, node, inputs } = site;
  const [x] = inputs;
  const [n, c, h, w] = x.shape;
  const block = intAttribute(node, 'blocksize', 1);
  const depth = c / block ** 2;
  const columnFirst = stringAttribute(node, 'mode', 'DCR') === 'CRD';
  const split = columnFirst ? [n, depth, block, block, h, w] : [n, block, block, depth, h, w];
  const perm = columnFirst ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2];
  return [reshape(b, permute(b, reshape(b, x, split), perm), shapeOf(site))];
};

const spaceToDepth: ReadRule = (site) => {
  const { b, node, inputs } = site;
  const [x] = inputs;
  const [n, c, h, w] = x.shape;
  const block = intAttribute(node, 'blocksize', 1);
  const split = reshape(b, x, [n, c, h / block, block, w / block, block]);
  return [reshape(b, permute(b, split, [0, 3, 5, 1, 2, 4]), shapeOf(site))];
};

/** Where the value around is not 0 it is put in the place of the zeros around. */
const padded: ReadRule = (site) => {
  const { b, node, inputs } = site;
  const pads = padsOf(site);
  const mode = stringAttribute(node, 'mode', 'constant');
  if (!pads) return undefined;
  const x = cropped(b, inputs[0], pads);
  const added = pads.map((count) => Math.max(count, 0));
  if (mode !== 'constant') return [mirrored(b, x, added, mode)];
  const around = site.optional(2);
  const zeros = pad(b, x, added);
  if (!around || site.numbers(2)?.[0] === 0) return [zeros];
  return [b.one('Where', [insideOf(b, x, added), zeros, reshape(b, around, [])], {})];
};

/** All begins, then all ends, one an axis of the input. */
function padsOf(site: ReadSite): readonly number[] | undefined {
  const { shape } = site.inputs[0];
  const stated = site.numbers(1);
  const axes = site.optional(3) ? site.numbers(3) : range(shape.length);
  if (!stated || !axes) return undefined;
  const pads = [...shape, ...shape].map(() => 0);
  axes.forEach((axis, i) => {
    const at = fromFront(axis, shape.length);
    pads[at] = stated[i];
    pads[at + shape.length] = stated[i + axes.length];
  });
  return pads;
}

/** Negative pads take away. */
function cropped(b: Builder, x: Term, pads: readonly number[]): Term {
  const starts = x.shape.map((_, i) => Math.max(0, -pads[i]));
  const ends = x.shape.map((dim, i) => dim - Math.max(0, -pads[i + x.shape.length]));
  return b.one('Slice', [x], { starts, ends, steps: x.shape.map(() => 1) });
}

/** Whether a place lies in the input; axes without padding have size 1. */
function insideOf(b: Builder, { shape }: Term, pads: readonly number[]): Term {
  const rank = shape.length;
  const axes = shape.map((dim, i) => {
    const [begin, end] = [pads[i], pads[i + rank]];
    return begin + end === 0 ? [1] : range(begin + dim + end).map((at) => Number(at >= begin && at < begin + dim));
  });
  const mask = axes.reduce((all, axis) => all.flatMap((inside) => axis.map((here) => inside * here)), [1]);
  return constantOf(
    b,
    'bool',
    axes.map(({ length }) => length),
    mask,
  );
}

/** For a place outside the place inside whose value it takes. */
const MIRRORS: Readonly<Record<string, (at: number, size: number) => number>> = {
  edge: (at, size) => Math.min(Math.max(at, 0), size - 1),
  wrap: (at, size) => ((at % size) + size) % size,
  reflect(at, size) {
    const period = Math.max(1, 2 * (size - 1));
    const folded = ((at % period) + period) % period;
    return Math.min(folded, period - folded);
  },
};

function mirrored(b: Builder, x: Term, pads: readonly number[], mode: string): Term {
  const rank = x.shape.length;
  return x.shape.reduce((term, size, axis) => {
    const [begin, end] = [pads[axis], pads[axis + rank]];
    if (begin + end === 0) return term;
    const places = range(begin + size + end, -begin).map((at) => MIRRORS[mode](at, size));
    return b.one('Gather', [term, constantOf(b, 'int64', [places.length], places)], { axis });
  }, x);
}

export const ARRANGEMENTS: ReadRules = {
  Reshape: reshaped,
  Flatten: reshaped,
  Squeeze: reshaped,
  Unsqueeze: reshaped,
  Transpose: ({ b, node, inputs: [x] }) => [
    permute(b, x, intsAttribute(node, 'perm') ?? x.shape.map((_, i) => x.shape.length - 1 - i)),
  ],
  Concat: ({ b, node, inputs }) => [concat(b, inputs, axisOf(node, 0, inputs[0].shape.length))],
  Split: split,
  Slice: sliced,
  Expand: (site) => [expand(site.b, site.inputs[0], shapeOf(site))],
  Tile: tile,
  Pad: padded,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};
