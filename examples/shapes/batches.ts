import { tensor } from '../../src/kernel/tensor.js';
import type { Session } from '../../src/runtime/session.js';
import { CHANNELS, draw, SIZE } from './raster.js';
import { type Batch, share } from './trainer.js';

/** `count` drawings from number `first` on, as one batch. */
export function drawBatch(seed: number, first: number, count: number, clutter = 1): Batch {
  const each = CHANNELS * SIZE * SIZE;
  const pixels = new Float32Array(count * each);
  const labels = Array.from({ length: count }, (_, i) => {
    const drawing = draw(seed, first + i, clutter);
    pixels.set(drawing.pixels, i * each);
    return drawing.label;
  });
  return { images: tensor('float32', [count, CHANNELS, SIZE, SIZE], pixels), labels };
}

/** Share of the first `count` drawings of a seed that a model of shapes gets right; `count` is a multiple of 50. */
export async function accuracyOn(session: Session, seed: number, count: number): Promise<number> {
  const size = 50;
  let right = 0;
  for (let first = 0; first < count; first += size) {
    const { images, labels } = drawBatch(seed, first, size);
    const { logits } = await session.run({ images }, ['logits']);
    right += size * share(logits, labels);
  }
  return right / count;
}
