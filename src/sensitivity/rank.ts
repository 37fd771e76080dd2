import type { Format } from '../quantize/formats.js';
import type { Unit } from '../quantize/unit.js';
import { type Measures, RANKERS, type RankerName, type Scored } from './rankers.js';

/** Unit name -> format -> score. Plain data: it can be saved and shown. */
export type Sensitivities = Readonly<Record<string, Readonly<Partial<Record<Format, number>>>>>;

/** One unit's trial format. */
export interface Step {
  readonly unit: Unit;
  readonly format: Format;
}

/**
 * Scores every step. `concurrency` steps are under way at once; the result does not depend on it.
 * @param done called after each step, for progress.
 */
export async function rank(
  ranker: RankerName,
  steps: readonly Step[],
  measures: Measures,
  concurrency: number,
  done: (count: number) => void = () => {},
): Promise<Sensitivities> {
  return collect(steps, await scoreSteps(ranker, steps, measures, concurrency, done));
}

/** As `rank`, a score for each step with its standard error where it has one. */
export async function scoreSteps(
  ranker: RankerName,
  steps: readonly Step[],
  measures: Measures,
  concurrency: number,
  done: (count: number) => void = () => {},
): Promise<readonly Scored[]> {
  const scores = new Array<Scored>(steps.length);
  let next = 0;
  let finished = 0;
  const work = async () => {
    for (let i = next++; i < steps.length; i = next++) {
      scores[i] = await RANKERS[ranker](measures, steps[i].unit, steps[i].format);
      done(++finished);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return scores;
}

export function scoreValue(score: Scored): number {
  return typeof score === 'number' ? score : score.value;
}

function collect(steps: readonly Step[], scores: readonly Scored[]): Sensitivities {
  const result: Record<string, Partial<Record<Format, number>>> = {};
  steps.forEach(({ unit, format }, i) => {
    result[unit.name] = { ...result[unit.name], [format]: scoreValue(scores[i]) };
  });
  return result;
}
