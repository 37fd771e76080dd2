import { permute, reshape } from '../ops.js';
import type { Form } from './forms.js';

/**
 * A convolution over the transposed batch: `x` [C/g, g N, ...] with `y` [K, N, ...] as its weights, strides and
 * dilations exchanged. Any geometry; 2 to 10 times as slow as the forward pass.
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

export const CONV_WEIGHT_FORMS: readonly Form<'ConvWeight'>[] = [transposedBatch];
