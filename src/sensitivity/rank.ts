import type { Format } from '../quantize/formats.js';
import type { Unit } from '../quantize/unit.js';
import { type Measures, RANKERS, type RankerName } from './rankers.js';

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
  const scores = new Array<number>(steps.length);
  let next = 0;
  let finished = 0;
  const work = async () => {
    for (let i = next++; i < steps.length; i = next++) {
      scores[i] = await RANKERS[ranker](measures, steps[i].unit, steps[i].format);
      done(++finished);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return collect(steps, scores);
}

function collect(steps: readonly Step[], scores: readonly number[]): Sensitivities {
  const result: Record<string, Partial<Record<Format, number>>> = {};
  steps.forEach(({ unit, format }, i) => {
    result[unit.name] = { ...result[unit.name], [format]: scores[i] };
  });
  return result;
}
