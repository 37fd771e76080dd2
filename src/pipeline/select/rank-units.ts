import type { Formats } from '../../quantize/followers.js';
import type { Format } from '../../quantize/formats.js';
import { type Assignment, type SearchSpace, usefulLadder } from '../../search/space.js';
import { rank, type Sensitivities, type Step } from '../../sensitivity/rank.js';
import type { Choice } from '../choices.js';
import type { SelectOptions } from './selection.js';

export async function rankUnits({
  choices,
  measures,
  ranker,
  workers,
  observer,
}: SelectOptions): Promise<Sensitivities> {
  const steps = stepsOf(choices);
  return rank(ranker, steps, measures, workers, (done) =>
    observer.progress({ stage: 'sensitivity', done, total: steps.length }),
  );
}

/** One step for each format below the first, one unit standing for its group. */
export function stepsOf(choices: readonly Choice[]): readonly Step[] {
  return leaders(choices).flatMap(({ unit, ladder }) => ladder.slice(1).map((format) => ({ unit, format })));
}

/** The first unit of each group. */
function leaders(choices: readonly Choice[]): readonly Choice[] {
  const first = new Map<string, Choice>();
  for (const choice of choices) if (!first.has(choice.unit.group)) first.set(choice.unit.group, choice);
  return [...first.values()];
}

export function spaceOf(
  choices: readonly Choice[],
  score: (group: string, format: Format) => number,
): SearchSpace<Format> {
  const byGroup = new Map(leaders(choices).map((choice) => [choice.unit.group, choice]));
  const ladders = new Map(
    [...byGroup].map(([group, { ladder }]) => [group, usefulLadder(ladder, (format) => score(group, format))] as const),
  );
  return { items: [...byGroup.keys()], ladder: (group) => ladders.get(group) ?? ['float'], score };
}

/** The formats of all units, of those that share one. */
export function formatsOf(choices: readonly Choice[], assignment: Assignment<Format>): Formats {
  return Object.fromEntries(choices.map(({ unit, ladder }) => [unit.name, assignment.get(unit.group) ?? ladder[0]]));
}
