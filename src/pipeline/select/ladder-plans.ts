import type { Format } from '../../quantize/formats.js';
import { bisection } from '../../search/bisection.js';
import { greedy } from '../../search/greedy.js';
import type { Assignment, Search, SearchSpace } from '../../search/space.js';
import { predict } from './predict.js';
import { formatsOf, rankUnits } from './rank-units.js';
import type { Candidate, SearchName, Selection, SelectOptions } from './selection.js';

export const LADDER_SEARCHES: Readonly<Record<Exclude<SearchName, 'frontier'>, Search>> = { bisection, greedy };

/**
 * Tries every unit at the end of its ladder; ranks and searches only where that misses the floor, for where it holds no
 * unit can go further down.
 */
export async function ladderPlans(
  options: SelectOptions,
  search: Search,
  uniform: readonly Candidate[],
): Promise<Selection> {
  const { choices, trials, observer } = options;
  const lowest = await trials.run(Object.fromEntries(choices.map(({ unit, ladder }) => [unit.name, lastOf(ladder)])));
  if (lowest.verdict.holds) {
    const reason = 'every unit holds the floor in the fastest format it can take';
    return { candidates: [{ name: 'fastest formats', trial: lowest }, ...uniform], sensitivities: {}, reason };
  }
  observer.stage('sensitivity');
  const sensitivities = await rankUnits(options);
  const { space } = await predict(options, sensitivities);
  observer.stage('search');
  const { trial, reason } = await searchPlans(options, search, space);
  return { candidates: [{ name: 'search', trial }, ...uniform], sensitivities, reason };
}

/** The plan that a search down the ladder ends with, and why. */
export async function searchPlans({ choices, trials }: SelectOptions, search: Search, space: SearchSpace<Format>) {
  const run = (assignment: Assignment<Format>) => trials.run(formatsOf(choices, assignment));
  const { assignment, reason } = await search(space, async (tried) => (await run(tried)).verdict.holds);
  return { trial: await run(assignment), reason };
}

function lastOf(ladder: readonly Format[]): Format {
  return ladder[ladder.length - 1];
}
