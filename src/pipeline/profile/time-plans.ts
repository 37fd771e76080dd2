import { median } from '../../kernel/statistics.js';
import { BENCH_JOB } from '../../runtime/bench.js';
import { distinctFeeds } from '../../runtime/feeds.js';
import {
  type MedianInterval,
  type RoundTimes,
  ratiosToFirst,
  relativeWidth,
  restlessness,
} from '../../runtime/latency-statistics.js';
import { resultKind } from '../../store/result-kind.js';
import { withPlans } from './emitted-plans.js';
import { keyOf, type LatencyQuestion, planName } from './latency-question.js';
import type { Choice } from './plan-pool.js';

/** What became of a group of plans that took turns with float. */
export interface TimedGroup {
  readonly floatMs: number;
  /** Of each plan to float. */
  readonly ratios: readonly MedianInterval[];
  readonly rounds: number;
  /** Interquartile range of float's times over their median. */
  readonly spread: number;
}

const TIMES = resultKind<TimedGroup>('times');
const FLOAT = resultKind<number>('float-time');

/** Width of a ratio's interval, relative to it, at which a group has been timed enough: 2 % to either side. */
const WIDTH = 0.04;
/** A group that the machine disturbed so much is used but not kept: the next run may find it quiet. */
const DISTURBED = 0.2;

export interface TimingRequest {
  readonly question: LatencyQuestion;
  readonly float: Choice;
  readonly choices: readonly Choice[];
  readonly budgetMs: number;
}

export interface Timed extends TimedGroup {
  /** Whether it was known from before. */
  readonly recalled: boolean;
}

/** Whole runs of plans, in turns with float. */
export async function timePlans({ question, float, choices, budgetMs }: TimingRequest): Promise<Timed> {
  const { results } = question;
  const plans = [float, ...choices];
  const key = { ...keyOf(question), plans: plans.map((choice) => planName(question, choice)), width: WIDTH };
  const known = await results.find(TIMES, key);
  if (known) return { ...known, recalled: true };
  const times = await timesOf(question, plans, { width: WIDTH, budgetMs, maxRounds: MOST_ROUNDS });
  const group: TimedGroup = {
    floatMs: median(times[0]),
    ratios: ratiosToFirst(times),
    rounds: times[0].length,
    spread: restlessness(times, distinctFeeds(question.feeds.source)),
  };
  if (relativeWidth(times) <= DISTURBED) await results.keep(TIMES, key, group);
  return { ...group, recalled: false };
}

/** About how long a run of the float model takes: enough to know how much can be measured. */
export async function timeFloat(question: LatencyQuestion, float: Choice): Promise<number> {
  return question.results.once(FLOAT, keyOf(question), async () => {
    const [times] = await timesOf(question, [float], { width: DISTURBED, budgetMs: 2000, maxRounds: 30 });
    return median(times);
  });
}

const MOST_ROUNDS = 2000;

interface Until {
  readonly width: number;
  readonly budgetMs: number;
  readonly maxRounds: number;
}

function timesOf(question: LatencyQuestion, choices: readonly Choice[], until: Until): Promise<RoundTimes> {
  const { executor, feeds, threads, signal } = question;
  return withPlans(question, choices, (plans) =>
    executor.run(
      BENCH_JOB,
      { models: plans.map(({ path }) => path), feeds: feeds.source, threads, ...until },
      { what: 'timing of plans', ...(signal && { signal }) },
    ),
  );
}
