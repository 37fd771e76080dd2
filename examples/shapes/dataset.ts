import type { GivenSample } from '../../src/data/sample-module.js';
import { INPUT } from './network.js';
import { draw } from './raster.js';

/** Seeds of the drawings that quantization sees; training drew from others. */
export const SEEDS = { calibration: 11, selection: 12, holdout: 13, module: 14 } as const;

/** The first `length` drawings of a seed. */
export interface DrawingSet {
  readonly seed: number;
  readonly length: number;
}

/** The drawings as samples, one after another: drawn when they are asked for, always the same. */
export async function* samplesOf({ seed, length }: DrawingSet): AsyncGenerator<GivenSample> {
  for (let index = 0; index < length; index++) {
    const { label, pixels } = draw(seed, index);
    yield { id: `drawing ${index} of seed ${seed}`, inputs: { [INPUT.name]: pixels }, label };
  }
}
