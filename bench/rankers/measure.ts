/** One model: every ranker's scores on the ranking samples, and the truth on others. */
import { mean } from '../../src/kernel/statistics.js';
import { createMeasures } from '../../src/pipeline/select/measures.js';
import { formatsOf, stepsOf } from '../../src/pipeline/select/rank-units.js';
import { rank, type Step } from '../../src/sensitivity/rank.js';
import type { RankerName } from '../../src/sensitivity/rankers.js';
import { agreement, agreementOfHalves, type Truth } from './agreement.js';
import type { RankerStep, TruthStep } from './figures.js';
import type { Subject } from './samples.js';
import { openScene, origin, type Scene, STUDIED, type Surroundings } from './scene.js';

export interface Study {
  readonly subject: Subject;
  ranker(name: RankerName): Promise<RankerStep>;
  truth(rankers: ReadonlyMap<RankerName, RankerStep>): Promise<TruthStep>;
  close(): Promise<void>;
}

export async function openStudy(subject: Subject, surroundings: Surroundings): Promise<Study> {
  const scene = await openScene(subject, surroundings);
  const steps = stepsOf(scene.options.choices);
  const begin = () => origin(`npx tsx bench/rankers/run.ts --model ${subject.of.name}`);
  return {
    subject,
    ranker: (name) => scored(scene, steps, name, begin()),
    truth: (rankers) => compared(scene, steps, rankers, begin()),
    close: scene.close,
  };
}

type Origin = ReturnType<typeof origin>;

async function scored(
  { options, perPass, samples }: Scene,
  steps: readonly Step[],
  name: RankerName,
  done: Origin,
): Promise<RankerStep> {
  const { workers } = options.executor;
  const scores = await rank(name, steps, createMeasures(options), workers);
  const { seconds, ...at } = done();
  return { kind: 'ranker', ...at, seconds, samples, scores, taken: seconds, passes: (seconds * workers) / perPass };
}

async function compared(
  { options, truth }: Scene,
  steps: readonly Step[],
  rankers: ReadonlyMap<RankerName, RankerStep>,
  done: Origin,
): Promise<TruthStep> {
  const alone = steps.map(({ unit, format }) => formatsOf(options.choices, new Map([[unit.group, format]])));
  const rows = await truth(alone);
  const formats = STUDIED.flatMap((format) => {
    const own = steps.flatMap((step, i) => (step.format === format ? [i] : []));
    if (own.length === 0) return [];
    const measured: Truth = own.map((i) => rows[i]);
    const agreements = [...rankers].map(([name, { scores }]) => {
      const values = own.map((i) => scores[steps[i].unit.name]?.[format] ?? 0);
      return [name, agreement(values, measured)] as const;
    });
    return [[format, { halves: agreementOfHalves(measured), rankers: Object.fromEntries(agreements) }] as const];
  });
  const divergence: Record<string, Record<string, number>> = {};
  steps.forEach(({ unit, format }, i) => {
    divergence[unit.name] = { ...divergence[unit.name], [format]: mean(rows[i]) };
  });
  return { kind: 'truth', ...done(), samples: rows[0].length, divergence, formats: Object.fromEntries(formats) };
}
