/** One model: the damage that every source predicts of random plans, beside what they measure on other samples. */
import { mean, quantile } from '../../src/kernel/statistics.js';
import { createDamageModels } from '../../src/pipeline/damage/damage-models.js';
import { formatsOf, stepsOf } from '../../src/pipeline/select/rank-units.js';
import { INTERACTIONS, type InteractionsName } from '../../src/search/damage/damage-source.js';
import { pairsOf } from '../../src/search/damage/pairs.js';
import { agreement } from '../rankers/agreement.js';
import type { Subject } from '../rankers/samples.js';
import { origin, type Scene } from '../rankers/scene.js';
import type { DamageStep, Quality } from './figures.js';
import { MIXES, type RandomPlan, randomPlans } from './plans.js';

/** Of all plans together. */
const ALL = 'all';

export async function measureDamage({ of }: Subject, scene: Scene, pairs: number): Promise<DamageStep> {
  const done = origin(`npx tsx bench/damage/run.ts --model ${of.name}`);
  const { choices } = scene.options;
  const steps = stepsOf(choices);
  const items = [...new Set(steps.map(({ unit }) => unit.group))];
  const formats = (item: string) => steps.flatMap(({ unit, format }) => (unit.group === item ? [format] : []));
  const plans = randomPlans(items, formats);
  const predicted = await predictions(scene, plans, pairs);
  const measured = await scene.truth(plans.map(({ assignment }) => formatsOf(choices, assignment)));
  const mixes = [...MIXES.map(({ name }) => name), ALL].map((mix) => {
    const own = plans.flatMap((plan, i) => (mix === ALL || plan.mix === mix ? [i] : []));
    const truth = own.map((i) => measured[i]);
    const qualities = [...predicted].map(([name, { values }]) => [
      name,
      qualityOf(
        own.map((i) => values[i]),
        truth,
      ),
    ]);
    return [mix, Object.fromEntries(qualities)];
  });
  const allPairs = pairsOf(steps.map(({ unit, format }) => ({ item: unit.group, format }))).length;
  return {
    ...done(),
    samples: { ranking: scene.samples, truth: measured[0].length },
    ...{ plans: plans.length, pairs: Math.min(pairs, allPairs), allPairs },
    passes: Object.fromEntries([...predicted].map(([name, { passes }]) => [name, passes])),
    mixes: Object.fromEntries(mixes),
  };
}

interface Predicted {
  readonly values: readonly number[];
  readonly passes: number;
}

/** What single units do alone is measured for `none`; the others' cost comes on top of that. */
async function predictions({ options, perPass }: Scene, plans: readonly RandomPlan[], pairs: number) {
  const models = createDamageModels({ ...options, pairs });
  const found = new Map<InteractionsName, Predicted>();
  for (const name of INTERACTIONS) {
    const started = performance.now();
    const model = await models(name);
    const seconds = (performance.now() - started) / 1000;
    const values = plans.map(({ assignment }) => model.damage(assignment));
    found.set(name, { values, passes: (seconds * options.executor.workers) / perPass });
    console.log(`${name}: ${seconds.toFixed(1)} s`);
  }
  return found;
}

function qualityOf(predicted: readonly number[], truth: readonly (readonly number[])[]): Quality {
  const ratios = predicted.map((value, i) => value / mean(truth[i]));
  return {
    spearman: agreement(predicted, truth).spearman,
    ...{ ratio: quantile(ratios, 0.5), low: quantile(ratios, 0.1), high: quantile(ratios, 0.9) },
  };
}
