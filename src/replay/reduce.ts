import type { Sample } from '../data/dataset.js';
import type { OutputKinds, Padding } from '../data/metric.js';
import { divergence } from '../data/metrics/divergence.js';
import { fromNumbers, tensor, toFloat32 } from '../kernel/tensor.js';
import type { Tensors } from './slices.js';

/** What callers keep of a variant's outputs for a sample; what they do not ask for is left out. Plain data. */
export interface Wanted {
  /** KL to the float model's output, as evaluations have it. */
  readonly divergence?: { readonly kinds: OutputKinds; readonly padding?: Padding };
  /** What the variant answers. */
  readonly outputs?: boolean;
  /**
   * What it answers less what the float model does: as float32, or as float16, which keeps a shift to 2^-11 of itself
   * (to 2^-25 where it is below 2^-14), and makes one beyond 65,504 infinite.
   */
  readonly shifts?: 'single' | 'half';
}

/** Of one variant and one sample. */
export interface Reduced {
  readonly divergence?: number;
  /** By output, batch dimension 1 included. */
  readonly outputs?: Tensors;
  readonly shifts?: Tensors;
}

export type About = Pick<Sample, 'inputs' | 'label'>;

export function reduce(outputs: Tensors, reference: Tensors, { inputs, label }: About, wanted: Wanted): Reduced {
  const result = { outputs, reference, inputs, ...(label !== undefined && { label }) };
  const { kinds, padding } = wanted.divergence ?? {};
  return {
    ...(kinds && { divergence: divergence(result, kinds, padding) }),
    ...(wanted.outputs && { outputs }),
    ...(wanted.shifts && { shifts: shifts(outputs, reference, wanted.shifts) }),
  };
}

function shifts(outputs: Tensors, reference: Tensors, precision: 'single' | 'half'): Tensors {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, output]) => {
      const [values, float] = [toFloat32(output), toFloat32(reference[name])];
      const shift = values.map((value, i) => value - float[i]);
      const { dims } = output;
      return [name, precision === 'half' ? fromNumbers('float16', dims, shift) : tensor('float32', dims, shift)];
    }),
  );
}
