import type { Format } from '../../quantize/formats.js';
import { bisection } from '../../search/bisection.js';
import { additive, type DamageModel } from '../../search/damage-model.js';
import { frontier } from '../../search/frontier.js';
import { minimise } from '../../search/minimise.js';
import type { Assignment } from '../../search/space.js';
import { swapRepair } from '../../search/swap-repair.js';
import { laddersOf } from '../profile/latency-question.js';
import { searchPlans } from './ladder-plans.js';
import type { PlanLatency } from './plan-latency.js';
import { predict } from './predict.js';
import { formatsOf, rankUnits } from './rank-units.js';
import type { Candidate, Selection, SelectOptions } from './selection.js';

/** Plans of the frontier that are measured at the end: prediction errs by a few percent. */
const MOST_MEASURED = 3;

/**
 * The plans of least predicted latency that hold the floor. The fastest of all comes first; where it misses the floor,
 * units are ranked, and bounds on their added damage are tried until the fastest plan that holds is between two of them.
 * Few samples may make a good plan miss and so close the way to faster ones: bisection goes another way down, and what it
 * finds is a candidate too.
 */
export async function frontierPlans(
  options: SelectOptions,
  latency: PlanLatency,
  uniform: readonly Candidate[],
): Promise<Selection> {
  const { choices, trials, observer } = options;
  const judge = async (assignment: Assignment<Format>) => trials.run(formatsOf(choices, assignment));
  const unranked = problemOf(
    options,
    latency,
    additive(() => 0),
  );
  const fastest = await minimise({ ...unranked, atMost: Number.POSITIVE_INFINITY });
  if (!fastest) throw new RangeError('no plan at all');
  const fastestFormats = formatsOf(choices, fastest.assignment);
  const first = await judge(fastest.assignment);
  if (first.verdict.holds) {
    const reason = 'the plan of least predicted latency holds the floor';
    return { candidates: [{ name: 'frontier', trial: first }, ...uniform], sensitivities: {}, reason, fastestFormats };
  }
  observer.stage('sensitivity');
  const sensitivities = await rankUnits(options);
  const { space, damage } = await predict(options, sensitivities);
  observer.stage('search');
  const problem = problemOf(options, latency, damage);
  const holds = async (assignment: Assignment<Format>) => (await judge(assignment)).verdict;
  const found = await frontier(problem, holds);
  const held = found.candidates.filter(({ holds }) => holds).slice(0, MOST_MEASURED);
  const measured = held.length > 0 ? held.map(({ assignment }) => assignment) : [found.assignment];
  const candidates: Candidate[] = [];
  for (const [i, assignment] of measured.entries()) {
    candidates.push({ name: i === 0 ? 'frontier' : `frontier ${i + 1}`, trial: await judge(assignment) });
  }
  const descent = await searchPlans(options, bisection, space);
  candidates.push({ name: 'bisection', trial: descent.trial });
  const swapped = await swapRepair(problem, holds, found.assignment);
  if (swapped.improved) candidates.push({ name: 'swaps', trial: await judge(swapped.assignment) });
  const reason = `${found.reason}; bisection: ${descent.reason}; swaps: ${swapped.reason}`;
  return { candidates: [...candidates, ...uniform], sensitivities, reason, fastestFormats };
}

function problemOf({ choices }: SelectOptions, { model }: PlanLatency, damage: DamageModel<Format>) {
  const ladders = laddersOf(choices);
  return { cost: model, damage, ladder: (group: string) => ladders[group] };
}
