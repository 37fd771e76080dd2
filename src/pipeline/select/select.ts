import type { Formats } from '../../quantize/followers.js';
import { uniformChoice } from '../choices.js';
import { frontierPlans } from './frontier-plans.js';
import { LADDER_SEARCHES, ladderPlans } from './ladder-plans.js';
import { formatsOf } from './rank-units.js';
import type { Candidate, Selection, SelectOptions } from './selection.js';

/** Tries the uniform plans, and those of the search asked for; where nothing is open, the only plan. */
export async function selectPlans(options: SelectOptions): Promise<Selection> {
  const { choices, search, trials, observer } = options;
  const uniform: Candidate[] = [];
  for (const [name, formats] of uniformPlans(options)) uniform.push({ name, trial: await trials.run(formats) });
  if (choices.every(({ ladder }) => ladder.length === 1)) {
    const trial = await trials.run(formatsOf(choices, new Map()));
    return {
      candidates: [{ name: 'only plan', trial }],
      sensitivities: {},
      reason: 'every unit has one format to take',
    };
  }
  if (search !== 'frontier') return ladderPlans(options, LADDER_SEARCHES[search], uniform);
  const latency = await options.latency();
  observer.stage('search');
  return { ...(await frontierPlans(options, latency, uniform)), latency };
}

/** The uniform plans worth timing: those of the target's formats that at least half of the open units can take. */
function uniformPlans({ choices, target }: SelectOptions): readonly (readonly [name: string, formats: Formats])[] {
  const open = choices.filter(({ ladder }) => ladder.length > 1);
  const formats = new Set(open.flatMap(({ ladder }) => ladder.slice(1)));
  return [...formats].flatMap((format) => {
    const formatted = uniformChoice(choices, format, target);
    const taken = open.filter(({ unit }) => formatted[unit.name] === format).length;
    return 2 * taken >= open.length ? [[`uniform ${format}`, formatted] as const] : [];
  });
}
