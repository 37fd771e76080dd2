import { intAttribute, intsAttribute } from '../../graph/attributes.js';
import { sizeOf } from '../../kernel/shape.js';
import type { Builder } from '../builder.js';
import { mean, mul, sum } from '../ops.js';
import type { PoolGeometry } from '../primitives.js';
import type { Term } from '../program.js';
import { constantOf, type ReadRule, type ReadRules, type ReadSite, range, shapeOf } from './rule.js';
import { type Slide, statedPads, windowOf } from './windows.js';

function slideOf(site: ReadSite): Slide {
  const [x] = site.inputs;
  const kernel = intsAttribute(site.node, 'kernel_shape') ?? x.shape.slice(2);
  return { kernel, from: x.shape.slice(2), to: shapeOf(site).slice(2) };
}

/** Positions in column-major order have no reading. */
const maxPool: ReadRule = (site) => {
  const { b, node, inputs, outputs } = site;
  const columnMajor = intAttribute(node, 'storage_order', 0) === 1;
  if (columnMajor && outputs[1]) return undefined;
  return b.all('MaxPool', inputs, windowOf(node, slideOf(site)));
};

/** The sum of each window, as a Conv of each channel with ones times `factor`. */
function windowSum(b: Builder, x: Term, { kernel, strides, dilations, pads }: PoolGeometry, factor: number): Term {
  const channels = x.shape[1];
  const dims = [channels, 1, ...kernel];
  const weights = constantOf(b, x.dtype, dims, new Float64Array(sizeOf(dims)).fill(factor));
  return b.one('Conv', [x, weights], { strides, dilations, pads, group: channels });
}

const averagePool: ReadRule = (site) => {
  const { b, node, inputs } = site;
  const [x] = inputs;
  const slide = slideOf(site);
  const window = windowOf(node, slide);
  const counts = countsOf(node, slide, window);
  const all = counts.reduce((products, axis) => products.flatMap((p) => axis.map((count) => p * count)), [1]);
  if (all.every((count) => count === all[0])) {
    const whole = slide.to.every((size) => size === 1) && all[0] === sizeOf(slide.from);
    return [whole ? mean(b, x, range(slide.from.length, 2)) : windowSum(b, x, window, 1 / all[0])];
  }
  const shares = all.map((count) => 1 / count);
  return [mul(b, windowSum(b, x, window, 1), constantOf(b, x.dtype, [1, 1, ...slide.to], shares))];
};

/** Elements in each window, axis by axis: padding counts only where the node says so, and only what it states itself. */
function countsOf(node: ReadSite['node'], slide: Slide, window: PoolGeometry): readonly (readonly number[])[] {
  const padded = intAttribute(node, 'count_include_pad', 0) === 1;
  const pads = statedPads(node, slide);
  return slide.to.map((length, axis) => {
    const [begin, end] = [pads[axis], pads[axis + slide.to.length]];
    const [low, high] = padded ? [-begin, slide.from[axis] + end] : [0, slide.from[axis]];
    return range(length).map((at) => {
      const places = range(slide.kernel[axis]).map(
        (k) => at * window.strides[axis] - begin + k * window.dilations[axis],
      );
      return places.filter((place) => place >= low && place < high).length;
    });
  });
}

/** (sum of |x|^p)^(1/p) of each window. */
const lpPool: ReadRule = (site) => {
  const { b, node, inputs } = site;
  const [x] = inputs;
  return [norm(b, x, intAttribute(node, 'p', 2), (powers) => windowSum(b, powers, windowOf(node, slideOf(site)), 1))];
};

function norm(b: Builder, x: Term, p: number, total: (powers: Term) => Term): Term {
  const size = b.one('Abs', [x], {});
  const power = (term: Term, exponent: number) => b.one('Pow', [term, b.scalar(exponent, x.dtype)], {});
  return power(total(power(size, p)), 1 / p);
}

const spatialAxes = ({ shape }: Term) => range(shape.length - 2, 2);

export const POOLS: ReadRules = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  LpPool: lpPool,
  GlobalAveragePool: ({ b, inputs: [x] }) => [mean(b, x, spatialAxes(x))],
  GlobalMaxPool: ({ b, inputs: [x] }) => [b.one('ReduceMax', [x], { axes: spatialAxes(x) })],
  GlobalLpPool: ({ b, node, inputs: [x] }) => [
    norm(b, x, intAttribute(node, 'p', 2), (powers) => sum(b, powers, spatialAxes(x))),
  ],
};
