import { sum } from '../../kernel/statistics.js';
import type { Variant } from '../../replay/variant.js';
import { type MeasuredPair, pairsWithin } from '../../search/damage/pairs.js';
import type { MeasureOptions } from '../select/measure-options.js';
import { stepsOf } from '../select/rank-units.js';
import type { Shifts } from './measure-shifts.js';
import { replayVariants } from './replay-variants.js';

/** The divergence of two perturbations at once, of as many pairs as the budget allows, on the samples of the shifts. */
export async function measurePairs(
  options: MeasureOptions,
  { perturbations, alone, samples }: Shifts,
  budget: number,
): Promise<readonly MeasuredPair[]> {
  const steps = stepsOf(options.choices);
  const pairs = pairsWithin(perturbations, alone, budget, options.settings.seed);
  const named = (k: number) => ({ unit: steps[k].unit.name, format: steps[k].format });
  const variants = pairs.map(([k, l]): Variant => [named(k), named(l)]);
  const losses = new Map<Variant, number[]>();
  await replayVariants(options, {
    ...{ variants, samples, wanted: {} },
    onRows: ({ variant, from, samples: rows }) => {
      const own = losses.get(variant) ?? new Array<number>(samples);
      losses.set(variant, own);
      for (const [i, { divergence = Number.NaN }] of rows.entries()) own[from + i] = divergence;
    },
  });
  return pairs.map((pair, at) => ({ pair, loss: sum(losses.get(variants[at]) ?? []) / samples }));
}
