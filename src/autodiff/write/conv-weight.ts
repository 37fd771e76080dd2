import { sizeOf } from '../../kernel/shape.js';
import type { Builder } from '../builder.js';
import { allAxes, concat, matmul, mul, pad, permute, reshape, slice, sum } from '../ops.js';
import type { Params } from '../primitives.js';
import type { Term } from '../program.js';
import type { Form } from './form.js';
import { places } from './places.js';

type Geometry = Params['ConvWeight'];

/** Products with fewer columns than this run far below the processor's peak. */
const FEW_CHANNELS = 4;
const FLOAT_BYTES = 4;
/** Of one operand: with what is made of it, it then stays in the cache that a core has for itself, or nearly. */
const CACHE_BYTES = 2 ** 22;
/** Each part has nodes of its own. */
const MOST_PARTS = 32;

/**
 * A product [K, P] x [P, C] for each place of the kernel and each sample, then sums over samples: no operand is moved, but
 * [K, C] is written for each.
 */
const shiftsBySample: Form<'ConvWeight'> = {
  name: 'shifts-by-sample',
  can: ({ params }) => params.group === 1,
  fast: ({ inputs, params }) => inputs[0].shape[1] > FEW_CHANNELS && movesLessBySample(inputs, params),
  write: ({ b, inputs: [x, y], params }) => {
    const parts = places(params.kernel).map((at) => {
      const each = matmul(b, flatSpace(b, y), flatSpace(b, window(b, x, y, params, at)), false, true);
      return reshape(b, sum(b, each, [0]), [y.shape[1], 1, x.shape[1]]);
    });
    return kernelLast(b, concat(b, parts, 1), y.shape[1], x.shape[1], params.kernel);
  },
};

/** A product [K, N P] x [N P, C] for each place of the kernel, of `x` with its channels last. */
const shiftsLast: Form<'ConvWeight'> = {
  name: 'shifts-last',
  can: ({ params }) => params.group === 1,
  fast: ({ inputs: [x] }) => x.shape[1] > FEW_CHANNELS,
  write: ({ b, inputs: [x, y], params }) => {
    const channels = x.shape[1];
    const last = permute(b, x, [0, ...params.kernel.map((_, i) => i + 2), 1]);
    const rows = batchInside(b, y);
    const parts = places(params.kernel).map((at) => {
      const moved = reshape(b, windowOf(b, last, y.shape.slice(2), params, at, 1), [rows.shape[1], channels]);
      return reshape(b, matmul(b, rows, moved), [y.shape[1], 1, channels]);
    });
    return kernelLast(b, concat(b, parts, 1), y.shape[1], channels, params.kernel);
  },
};

/**
 * Depthwise, with channels last: `y` times `x` moved to each place of the kernel, summed over samples and positions; so
 * many samples at a time as stay in the cache, since every place reads them again.
 */
const depthwiseLast: Form<'ConvWeight'> = {
  name: 'depthwise-last',
  can: ({ inputs: [x, y], params }) => isDepthwise(x, y, params),
  fast: () => true,
  write: ({ b, inputs: [x, y], params }) => {
    const parts = cacheParts(x).map(([from, to]) =>
      shiftedProducts(b, slice(b, x, 0, from, to), slice(b, y, 0, from, to), params),
    );
    const total = sum(b, concat(b, parts, 0), [0]);
    return reshape(b, permute(b, total, [0, 2, 1]), [x.shape[1], 1, ...params.kernel]);
  },
};

/**
 * A convolution over the transposed batch: `x` [C/g, g N, ...] with `y` [K, N, ...] as its weights, strides and
 * dilations exchanged. Any geometry.
 */
const transposedBatch: Form<'ConvWeight'> = {
  name: 'transposed-batch',
  can: () => true,
  fast: () => true,
  write: ({ b, inputs: [x, y], params: { kernel, strides, dilations, pads, group } }) => {
    const [batch, channels, ...spatial] = x.shape;
    const last = kernel.map((_, i) => i + 3);
    const split = reshape(b, x, [batch, group, channels / group, ...spatial]);
    const turned = reshape(b, permute(b, split, [2, 1, 0, ...last]), [channels / group, group * batch, ...spatial]);
    const filters = permute(b, y, [1, 0, ...kernel.map((_, i) => i + 2)]);
    const w = b.one('Conv', [turned, filters], { strides: dilations, dilations: strides, pads, group });
    const none = w.shape.map(() => 0);
    const cut = { starts: none, ends: [...w.shape.slice(0, 2), ...kernel], steps: none.map(() => 1) };
    return permute(b, b.one('Slice', [w], cut), [1, 0, ...kernel.map((_, i) => i + 2)]);
  },
};

export const CONV_WEIGHT_FORMS: readonly Form<'ConvWeight'>[] = [
  shiftsBySample,
  shiftsLast,
  depthwiseLast,
  transposedBatch,
];

/**
 * Whether a gradient for each sample is smaller than the operands that one product for all samples has to move. Windows
 * of a stride are cut out fast only where the channels are last.
 */
function movesLessBySample([x, y]: readonly Term[], { kernel, strides }: Geometry): boolean {
  if (strides.some((stride) => stride > 1)) return false;
  const [batch, columns] = x.shape;
  const rows = y.shape[1];
  return batch === 1 || rows * columns * sizeOf(kernel) < sizeOf(y.shape.slice(2)) * (rows + columns);
}

/** For each place of the kernel and each channel [1, kk, C]. */
function shiftedProducts(b: Builder, x: Term, y: Term, params: Geometry): Term {
  const [channels, ...spatial] = y.shape.slice(1);
  const order = [0, ...spatial.map((_, i) => i + 2), 1];
  const [turned, factors] = [permute(b, x, order), permute(b, y, order)];
  const positions = allAxes(x).slice(0, -1);
  const parts = places(params.kernel).map((at) => {
    const products = mul(b, windowOf(b, turned, spatial, params, at, 1), factors);
    return reshape(b, sum(b, products, positions), [1, 1, channels]);
  });
  return concat(b, parts, 1);
}

/** The batch in equal parts (the last may be smaller) that stay in the cache, at most `MOST_PARTS`: [from, to). */
function cacheParts({ shape: [batch, ...rest] }: Term): readonly (readonly [number, number])[] {
  const wanted = Math.ceil((batch * FLOAT_BYTES * sizeOf(rest)) / CACHE_BYTES);
  const size = Math.ceil(batch / Math.min(Math.max(wanted, 1), MOST_PARTS));
  return Array.from({ length: Math.ceil(batch / size) }, (_, i) => [i * size, Math.min((i + 1) * size, batch)]);
}

function isDepthwise(x: Term, y: Term, { group }: Geometry): boolean {
  return group === x.shape[1] && group === y.shape[1];
}

/** What the place `at` of the kernel sees of `x` [N,C,...] at each position of `y`. */
function window(b: Builder, x: Term, y: Term, params: Geometry, at: readonly number[]): Term {
  return windowOf(b, x, y.shape.slice(2), params, at, 2);
}

/** The same of `x` with its spatial axes from `axis` on, at as many positions as `sizes` says. */
function windowOf(
  b: Builder,
  x: Term,
  sizes: readonly number[],
  params: Geometry,
  at: readonly number[],
  axis: number,
): Term {
  const { strides, dilations, pads, kernel } = params;
  const spatial = kernel.length;
  const isSpatial = (i: number) => i >= axis && i < axis + spatial;
  const before = x.shape.map((_, i) => (isSpatial(i) ? pads[i - axis] : 0));
  const after = x.shape.map((_, i) => (isSpatial(i) ? pads[i - axis + spatial] : 0));
  const padded = pad(b, x, [...before, ...after]);
  const starts = x.shape.map((_, i) => (isSpatial(i) ? at[i - axis] * dilations[i - axis] : 0));
  const steps = x.shape.map((_, i) => (isSpatial(i) ? strides[i - axis] : 1));
  const counts = padded.shape.map((dim, i) => (isSpatial(i) ? sizes[i - axis] : dim));
  const ends = counts.map((count, i) => starts[i] + (count - 1) * steps[i] + 1);
  return b.one('Slice', [padded], { starts, ends, steps });
}

/** [N,K,...] as [K, N P]. */
function batchInside(b: Builder, y: Term): Term {
  const flat = flatSpace(b, y);
  const [batch, channels, count] = flat.shape;
  return reshape(b, permute(b, flat, [1, 0, 2]), [channels, batch * count]);
}

/** [N,K,...] as [N, K, P]. */
function flatSpace(b: Builder, y: Term): Term {
  return reshape(b, y, [y.shape[0], y.shape[1], sizeOf(y.shape.slice(2))]);
}

/** [.., kk C] brought to [K, C, kernel]. */
function kernelLast(b: Builder, w: Term, rows: number, channels: number, kernel: readonly number[]): Term {
  const split = reshape(b, w, [rows, sizeOf(kernel), channels]);
  return reshape(b, permute(b, split, [0, 2, 1]), [rows, channels, ...kernel]);
}
