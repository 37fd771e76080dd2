import { random } from '../../src/kernel/random.js';
import { type Output, type Outputs, outputsOf, shiftVector } from '../../src/search/damage/outputs.js';
import type { Perturbation } from '../../src/search/damage/perturbations.js';

/** Made-up outputs of a float model, and what each perturbation adds to them. */
export interface RandomShifts {
  readonly outputs: Outputs;
  readonly vectors: readonly Float64Array[];
}

export interface ShiftOptions {
  readonly samples: number;
  readonly classes: number;
  readonly seed: number;
  /** Directions that all perturbations share beside what is their own: what makes them interact. */
  readonly shared?: number;
}

/** Shifts whose damage alone is about `size`, partly in a few directions that all share, with either sign. */
export function randomShifts<F extends string>(
  perturbations: readonly Perturbation<F>[],
  size: (perturbation: Perturbation<F>) => number,
  { samples, classes, seed, shared = 2 }: ShiftOptions,
): RandomShifts {
  const source = random(seed);
  const normals = () => Float64Array.from({ length: samples * classes }, () => source.normal());
  const logits: Output = { kind: 'logits', classes, values: normals().map((value) => 2 * value) };
  const outputs = outputsOf(samples, [logits]);
  const directions = Array.from({ length: shared }, normals);
  const vectors = perturbations.map((perturbation) => {
    const weights = directions.map(() => source.normal());
    const own = normals();
    const scale = Math.sqrt(size(perturbation));
    const shift = own.map(
      (value, at) => directions.reduce((total, direction, k) => total + weights[k] * direction[at], value) * scale,
    );
    return shiftVector(outputs, [shift], `${perturbation.item} ${perturbation.format}`);
  });
  return { outputs, vectors };
}
