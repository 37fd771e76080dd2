import { mean } from '../../kernel/statistics.js';
import type { Format } from '../../quantize/formats.js';
import type { Variant } from '../../replay/variant.js';
import type { Outputs } from '../../search/damage/outputs.js';
import type { Perturbation } from '../../search/damage/perturbations.js';
import type { StoredVector } from '../../search/damage/stored-vector.js';
import type { MeasureOptions } from '../select/measure-options.js';
import { stepsOf } from '../select/rank-units.js';
import { floatOutputs, type ShiftBuilder } from './float-outputs.js';
import { replayVariants } from './replay-variants.js';

/** What every perturbation does alone, on the ranking samples. */
export interface Shifts {
  readonly perturbations: readonly Perturbation<Format>[];
  readonly outputs: Outputs;
  readonly shifts: readonly StoredVector[];
  /** Mean divergence. */
  readonly alone: readonly number[];
  readonly samples: number;
}

/** Bytes of all shifts together, past which fewer samples are taken. */
const MOST_BYTES = 512 * 2 ** 20;
const BYTES_OF_HALF = 2;

/** Runs each step of each ladder alone, from its unit on. */
export async function measureShifts(options: MeasureOptions): Promise<Shifts> {
  const { float, observer } = options;
  const reference = await float.ranking();
  const steps = stepsOf(options.choices);
  const perturbations = steps.map(({ unit, format }) => ({ item: unit.group, format }));
  const mostValues = MOST_BYTES / BYTES_OF_HALF / Math.max(1, steps.length);
  const base = await floatOutputs(reference, float.spec, mostValues);
  if (base.samples < reference.set.length)
    observer?.trace(`shifts of ${base.samples} of ${reference.set.length} samples: more would take too much memory`);
  const variants = steps.map(({ unit, format }): Variant => [{ unit: unit.name, format }]);
  const gathered = new Map(
    variants.map((variant, k) => [variant, { k, divergence: new Float64Array(base.samples), left: base.samples }]),
  );
  const builders = new Map<Variant, ShiftBuilder>();
  const shifts = new Array<StoredVector>(steps.length);
  const alone = new Array<number>(steps.length);
  await replayVariants(options, {
    ...{ variants, samples: base.samples, wanted: { outputs: true } },
    onRows: ({ variant, from, samples }) => {
      const own = gathered.get(variant);
      if (!own) return;
      const [{ unit, format }] = variant;
      const builder = builders.get(variant) ?? base.shift(`${unit} in ${format}`);
      builders.set(variant, builder);
      for (const [i, { divergence = Number.NaN, outputs = {} }] of samples.entries()) {
        own.divergence[from + i] = divergence;
        builder.add(from + i, outputs);
      }
      own.left -= samples.length;
      if (own.left > 0) return;
      shifts[own.k] = builder.finish();
      alone[own.k] = mean(own.divergence);
      builders.delete(variant);
    },
  });
  return { perturbations, outputs: base.outputs, shifts, alone, samples: base.samples };
}
