import type { Dataset, Sample } from '../../src/data/dataset.js';
import { hashOf } from '../../src/data/fingerprint.js';
import type { GivenSample } from '../../src/data/sample-module.js';
import { tensor } from '../../src/kernel/tensor.js';
import { INPUT } from './network.js';
import { CHANNELS, draw, SIZE } from './raster.js';

/** Seeds of the drawings that quantization sees; training drew from others. */
export const SEEDS = { calibration: 11, selection: 12, holdout: 13, module: 14 } as const;

/** `length` drawings of a seed, drawn when they are read: any one at any time, always the same. */
export function shapesDataset(seed: number, length: number): Dataset {
  return {
    name: `shapes, seed ${seed}`,
    length,
    labelled: true,
    hash: hashOf('shapes', String(seed), bytesOf(draw(seed, 0).pixels)),
    label: (index) => draw(seed, index).label,
    fingerprint: async (index) => hashOf(bytesOf(draw(seed, index).pixels)),
    read: async (index) => sample(seed, index),
  };
}

/** The same drawings one after another, in the form that a module of one's own gives to `bitloom --data`. */
export async function* shapesStream(seed: number, length: number): AsyncGenerator<GivenSample> {
  for (let index = 0; index < length; index++) {
    const { label, pixels } = draw(seed, index);
    yield { id: nameOf(seed, index), inputs: { [INPUT.name]: pixels }, label };
  }
}

function sample(seed: number, index: number): Sample {
  const { label, pixels } = draw(seed, index);
  const inputs = { [INPUT.name]: tensor('float32', [1, CHANNELS, SIZE, SIZE], pixels) };
  return { id: nameOf(seed, index), inputs, label };
}

function nameOf(seed: number, index: number): string {
  return `drawing ${index} of seed ${seed}`;
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
