import type { Format } from '../../quantize/formats.js';
import { augmentedScores, interactionsOf } from '../../search/damage/augmented.js';
import { additive, type DamageModel } from '../../search/damage-model.js';
import type { SearchSpace } from '../../search/space.js';
import type { Sensitivities } from '../../sensitivity/rank.js';
import { spaceOf, stepsOf } from './rank-units.js';
import type { SelectOptions } from './selection.js';

/** What a search goes by before a plan has run. */
export interface Prediction {
  /** For searches by order. */
  readonly space: SearchSpace<Format>;
  /** For the search along the frontier. */
  readonly damage: DamageModel<Format>;
}

/** Sensitivities alone, or with what units do together: the damage of a plan, and an order that heeds it. */
export async function predict(options: SelectOptions, sensitivities: Sensitivities): Promise<Prediction> {
  const { choices, interactions, augmentation, observer } = options;
  const steps = stepsOf(choices).map(({ unit, format }) => ({
    ...{ item: unit.group, format },
    score: sensitivities[unit.name]?.[format] ?? 0,
  }));
  const scores = new Map(steps.map(({ item, format, score }) => [`${format} ${item}`, score]));
  const alone = (item: string, format: Format) => scores.get(`${format} ${item}`) ?? 0;
  if (interactions === 'none') return { space: spaceOf(choices, alone), damage: additive(alone) };
  observer.stage('interactions');
  const damage = await options.damage(interactions);
  const augmented = augmentedScores(steps, interactionsOf(damage), augmentation);
  return { space: spaceOf(choices, (item, format) => augmented[item]?.[format] ?? 0), damage };
}
