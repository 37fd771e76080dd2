import { type FeedSource, type Feeds, feedsFor } from './feeds.js';
import type { JobHandler } from './job.js';
import { type RoundTimes, relativeWidth } from './latency-statistics.js';
import { ortRuntime } from './ort.js';
import type { Session } from './session.js';

export interface BenchInput {
  readonly models: readonly string[];
  readonly feeds: FeedSource;
  readonly threads: number;
  readonly width: number;
  readonly budgetMs: number;
  readonly maxRounds: number;
}

/** Rounds before the interval is first looked at. */
const FIRST_LOOK = 15;
/** A small model's interval is narrow in no time; what a machine does over half a second shows only after that. */
const LEAST_MS = 500;
const WARM_UP_ROUNDS = 2;

/** Times models against each other in one process: in every round each runs once, in changing order. */
const bench: JobHandler<BenchInput, RoundTimes, number> = async (input, { emit, signal }) => {
  const options = { threads: input.threads, sleepBetweenRuns: true };
  const sessions = await Promise.all(input.models.map((model) => ortRuntime.open(model, options)));
  const feeds = feedsFor(sessions[0].inputs, input.feeds);
  const times: number[][] = sessions.map(() => []);
  for (let round = 0; round < WARM_UP_ROUNDS; round++) await runRound(sessions, feeds, round);
  const started = performance.now();
  for (let round = 0, look = FIRST_LOOK; round < input.maxRounds; round++) {
    signal.throwIfAborted();
    const roundTimes = await runRound(sessions, feeds, round);
    for (const [model, time] of roundTimes.entries()) times[model].push(time);
    emit(round + 1);
    const spent = performance.now() - started;
    if (spent > input.budgetMs) break;
    if (round + 1 < look || spent < LEAST_MS) continue;
    if (relativeWidth(times) <= input.width) break;
    look = Math.ceil(look * 1.3);
  }
  await Promise.all(sessions.map((session) => session.close()));
  return times;
};

/** Milliseconds that each session took. */
async function runRound(sessions: readonly Session[], feeds: readonly Feeds[], round: number): Promise<number[]> {
  const times = new Array<number>(sessions.length);
  for (const model of orderOf(round, sessions.length)) {
    const started = performance.now();
    await sessions[model].run(feeds[round % feeds.length]);
    times[model] = performance.now() - started;
  }
  return times;
}

/** Turned by one each two rounds and reversed every other: none always follows the same model, or comes first. */
function orderOf(round: number, count: number): readonly number[] {
  const turn = Math.floor(round / 2);
  const order = Array.from({ length: count }, (_, i) => (i + turn) % count);
  return round % 2 === 0 ? order : order.reverse();
}

export default bench;
