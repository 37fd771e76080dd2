import { median } from '../kernel/statistics.js';
import { type Burst, burstFor, runBurst } from './burst.js';
import { type FeedSource, type Feeds, feedsFor } from './feeds.js';
import type { JobHandler } from './job.js';
import type { RoundTimes } from './latency-statistics.js';
import { ortRuntime } from './ort.js';
import type { Session } from './session.js';
import { type TurnLimits, takeTurns } from './turns.js';

export interface BenchInput extends TurnLimits {
  readonly models: readonly string[];
  readonly feeds: FeedSource;
  readonly threads: number;
}

/** A small model's interval is narrow in no time; what a machine does over half a second shows only after that. */
const FIRST_LOOK = { rounds: 15, ms: 500 };
const WARM_UP_RUNS = 2;
/** Runs from which a burst is sized; of slow models only as many as fit into `SIZING_MS`. */
const SIZING_RUNS = 5;
const SIZING_MS = 50;

/**
 * Times models against each other in one process. In every round each runs a burst on the same feed; its time of the
 * round is the median of the runs that count.
 */
const bench: JobHandler<BenchInput, RoundTimes, number> = async (input, context) => {
  const options = { threads: input.threads, sleepBetweenRuns: true };
  const sessions = await Promise.all(input.models.map((model) => ortRuntime.open(model, options)));
  const feeds = feedsFor(sessions[0].inputs, input.feeds);
  const bursts: Burst[] = [];
  for (const session of sessions) bursts.push(burstFor(await typicalMs(session, feeds)));
  const turn = (model: number, round: number) =>
    runBurst(() => timedRun(sessions[model], feeds[round % feeds.length]), bursts[model]);
  const times = await takeTurns(sessions.length, turn, { ...input, firstLook: FIRST_LOOK }, context);
  await Promise.all(sessions.map((session) => session.close()));
  return times;
};

/** About how long a run takes once the model is warm. */
async function typicalMs(session: Session, feeds: readonly Feeds[]): Promise<number> {
  for (let run = 0; run < WARM_UP_RUNS; run++) await session.run(feeds[run % feeds.length]);
  const times: number[] = [];
  const started = performance.now();
  do times.push(await timedRun(session, feeds[times.length % feeds.length]));
  while (times.length < SIZING_RUNS && performance.now() - started < SIZING_MS);
  return median(times);
}

async function timedRun(session: Session, feeds: Feeds): Promise<number> {
  const started = performance.now();
  await session.run(feeds);
  return performance.now() - started;
}

export default bench;
