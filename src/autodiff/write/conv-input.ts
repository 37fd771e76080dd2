import { sizeOf } from '../../kernel/shape.js';
import { ints } from '../../kernel/tensor.js';
import type { Builder } from '../builder.js';
import { permute, reshape } from '../ops.js';
import type { Params } from '../primitives.js';
import type { Term } from '../program.js';
import type { Form } from './form.js';

type Geometry = Params['ConvInput'];

/**
 * A convolution of `y` with the weights flipped and their channels exchanged: folded at load where they are constant, and
 * small where there are groups.
 */
const flipped: Form<'ConvInput'> = {
  name: 'flipped',
  can: ({ params: { strides } }) => strides.every((stride) => stride === 1),
  fast: ({ b, inputs: [, w], params }) => b.constantValue(w) !== undefined || params.group > 1,
  write: ({ b, inputs: [y, w], params }) => flippedConv(b, y, w, params),
};

/** ConvTranspose as it is. */
const transposed: Form<'ConvInput'> = {
  name: 'transposed',
  can: () => true,
  fast: () => true,
  write: ({ b, inputs, params }) => b.one('ConvInput', inputs, params),
};

export const CONV_INPUT_FORMS: readonly Form<'ConvInput'>[] = [flipped, transposed];

/** For strides of 1. */
function flippedConv(b: Builder, y: Term, w: Term, { dilations, pads, group, spatial }: Geometry): Term {
  const before = spatial.map((_, i) => (w.shape[i + 2] - 1) * dilations[i] - pads[i]);
  const after = spatial.map((size, i) => size - y.shape[i + 2] + (w.shape[i + 2] - 1) * dilations[i] - before[i]);
  const around = [...before, ...after];
  const inner = cutNegative(b, y, around);
  const strides = spatial.map(() => 1);
  const positive = around.map((size) => Math.max(size, 0));
  return b.one('Conv', [inner, exchanged(b, w, group)], { strides, dilations, pads: positive, group });
}

/** Weights [K, C/g, ...] as [C, K/g, ...], flipped along every spatial axis. */
function exchanged(b: Builder, w: Term, group: number): Term {
  const [rows, columns, ...kernel] = w.shape;
  const count = sizeOf(kernel);
  const flat = reshape(b, w, [group, rows / group, columns, count]);
  const turned = reshape(b, permute(b, flat, [0, 2, 1, 3]), [group * columns, rows / group, count]);
  const backwards = b.constant(ints(Array.from({ length: count }, (_, i) => count - 1 - i)), 'backwards');
  const reversed = count === 1 ? turned : b.one('Gather', [turned, backwards], { axis: 2 });
  return reshape(b, reversed, [group * columns, rows / group, ...kernel]);
}

/** What negative padding cuts off. */
function cutNegative(b: Builder, y: Term, around: readonly number[]): Term {
  const spatial = around.length / 2;
  const cut = (i: number) => (i < 0 ? 0 : Math.max(0, -around[i]));
  return b.one('Slice', [y], {
    starts: y.shape.map((_, axis) => cut(axis - 2)),
    ends: y.shape.map((dim, axis) => (axis < 2 ? dim : dim - cut(axis - 2 + spatial))),
    steps: y.shape.map(() => 1),
  });
}
