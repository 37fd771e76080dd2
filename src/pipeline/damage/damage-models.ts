import { once } from '../../kernel/once.js';
import type { Format } from '../../quantize/formats.js';
import { createDamageModel, type DamageSource, type InteractionsName } from '../../search/damage/damage-source.js';
import { gramOf } from '../../search/damage/gram.js';
import type { DamageModel } from '../../search/damage-model.js';
import type { MeasureOptions } from '../select/measure-options.js';
import { measureCurvature } from './measure-curvature.js';
import { measurePairs } from './measure-pairs.js';
import { measureShifts, type Shifts } from './measure-shifts.js';

export interface DamageOptions extends MeasureOptions {
  /** Pairs that are measured at most. */
  readonly pairs: number;
}

type Source = (options: DamageOptions, shifts: Shifts) => DamageSource | Promise<DamageSource>;

/** Every source takes what units do alone from the same runs. */
const SOURCES: { readonly [I in InteractionsName]: Source } = {
  none: (_, { alone }) => ({ kind: 'none', alone }),
  pairs: async (options, shifts) => {
    const pairs = await measurePairs(options, shifts, options.pairs);
    const { seed } = options.settings;
    return { kind: 'pairs', atRest: 0, alone: shifts.alone, pairs, missing: 'low-rank', seed };
  },
  curvature: async (options, { alone }) => ({ kind: 'curvature', curvature: await measureCurvature(options), alone }),
  gram: (_, { outputs, shifts, alone }) => ({ kind: 'gram', gram: gramOf(outputs, shifts), alone }),
  logits: (_, { outputs, shifts }) => ({ kind: 'logits', outputs, shifts }),
};

/** Damage of plans by any source of interactions, relative to the start of all ladders; what they share is measured once. */
export function createDamageModels(
  options: DamageOptions,
): (interactions: InteractionsName) => Promise<DamageModel<Format>> {
  const shifts = once(() => measureShifts(options));
  const unchanged = [...new Set(options.choices.map(({ ladder }) => ladder[0]))];
  return async (interactions) => {
    const alone = await shifts();
    const source = await SOURCES[interactions](options, alone);
    return createDamageModel<Format>({ perturbations: alone.perturbations, unchanged, source });
  };
}
