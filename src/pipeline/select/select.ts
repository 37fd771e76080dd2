import type { Observer } from '../kernel/observer.js';
import type { Target } from '../latency/target.js';
import type { Formats } from '../quantize/followers.js';
import type { Format } from '../quantize/formats.js';
import { bisection } from '../search/bisection.js';
import { greedy } from '../search/greedy.js';
import { type Assignment, type SearchSpace, usefulLadder } from '../search/space.js';
import { rank, type Sensitivities, type Step } from '../sensitivity/rank.js';
import type { Measures, RankerName } from '../sensitivity/rankers.js';
import { type Choice, uniformChoice } from './choices.js';
import type { Trial, Trials } from './trials.js';

/** A plan that may be returned: what it is called in the report, and how it did. */
export interface Candidate {
  readonly name: string;
  readonly trial: Trial;
}

export interface Selection {
  readonly candidates: readonly Candidate[];
  readonly sensitivities: Sensitivities;
  /** Why the search ended where it did. */
  readonly reason: string;
}

export type SearchName = 'bisection' | 'greedy';

const SEARCHES = { bisection, greedy } as const;

export interface SelectOptions {
  readonly choices: readonly Choice[];
  readonly target: Target;
  readonly trials: Trials;
  readonly measures: Measures;
  readonly ranker: RankerName;
  readonly search: SearchName;
  readonly workers: number;
  readonly observer: Observer;
}

/**
 * Tries every unit at the end of its ladder and the uniform plans; ranks and searches only where the first misses the
 * floor, for where it holds no unit can run faster.
 */
export async function selectPlans(options: SelectOptions): Promise<Selection> {
  const { choices, trials, observer } = options;
  const lowest = await trials.run(Object.fromEntries(choices.map(({ unit, ladder }) => [unit.name, lastOf(ladder)])));
  const uniform: Candidate[] = [];
  for (const [name, formats] of uniformPlans(options)) uniform.push({ name, trial: await trials.run(formats) });
  if (lowest.verdict.holds) {
    const reason = 'every unit holds the floor in the fastest format it can take';
    return { candidates: [{ name: 'fastest formats', trial: lowest }, ...uniform], sensitivities: {}, reason };
  }
  observer.stage('sensitivity');
  const sensitivities = await rankUnits(options);
  observer.stage('search');
  const { trial, reason } = await searchPlans(options, sensitivities);
  return { candidates: [{ name: 'search', trial }, ...uniform], sensitivities, reason };
}

async function searchPlans({ choices, trials, search }: SelectOptions, sensitivities: Sensitivities) {
  const space = spaceOf(choices, sensitivities);
  const formatsOf = (assignment: Assignment<Format>): Formats =>
    Object.fromEntries(choices.map(({ unit }) => [unit.name, assignment.get(unit.group) ?? 'float']));
  const holds = async (assignment: Assignment<Format>) => (await trials.run(formatsOf(assignment))).verdict.holds;
  const { assignment, reason } = await SEARCHES[search](space, holds);
  return { trial: await trials.run(formatsOf(assignment)), reason };
}

async function rankUnits({ choices, measures, ranker, workers, observer }: SelectOptions): Promise<Sensitivities> {
  const steps = stepsOf(choices);
  return rank(ranker, steps, measures, workers, (done) =>
    observer.progress({ stage: 'sensitivity', done, total: steps.length }),
  );
}

/** One step for each format below the first, one unit standing for its group. */
function stepsOf(choices: readonly Choice[]): readonly Step[] {
  return leaders(choices).flatMap(({ unit, ladder }) => ladder.slice(1).map((format) => ({ unit, format })));
}

/** The first unit of each group. */
function leaders(choices: readonly Choice[]): readonly Choice[] {
  const first = new Map<string, Choice>();
  for (const choice of choices) if (!first.has(choice.unit.group)) first.set(choice.unit.group, choice);
  return [...first.values()];
}

function lastOf(ladder: readonly Format[]): Format {
  return ladder[ladder.length - 1];
}

function spaceOf(choices: readonly Choice[], sensitivities: Sensitivities): SearchSpace<Format> {
  const byGroup = new Map(leaders(choices).map((choice) => [choice.unit.group, choice]));
  const score = (group: string, format: Format) => {
    const unit = byGroup.get(group)?.unit.name ?? group;
    return sensitivities[unit]?.[format] ?? 0;
  };
  const ladders = new Map(
    [...byGroup].map(([group, { ladder }]) => [group, usefulLadder(ladder, (format) => score(group, format))] as const),
  );
  return { items: [...byGroup.keys()], ladder: (group) => ladders.get(group) ?? ['float'], score };
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
