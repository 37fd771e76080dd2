import { setImmediate } from 'node:timers/promises';
import { type Feeds, feedsFor } from './feeds.js';
import type { JobHandler } from './job.js';
import { ortRuntime } from './ort.js';

export interface SplitInput {
  readonly model: string;
  readonly feeds: Feeds;
  readonly batch: number;
  readonly threads: number;
}

/** Runs without a pause: how many, for how long, and what the process has held at most. */
export interface Stretch {
  readonly runs: number;
  readonly ms: number;
  readonly peakBytes: number;
}

/** Below this the messages themselves would be measured. */
const STRETCH_MS = 20;
const WARM_UP_RUNS = 2;

/** Runs a model until it is aborted; the first event says that it has begun. */
const runOn: JobHandler<SplitInput, void, Stretch> = async ({ model, feeds, batch, threads }, { emit, signal }) => {
  const session = await ortRuntime.open(model, { threads });
  try {
    const [inputs] = feedsFor(session.inputs, { kind: 'samples', samples: [feeds], batch });
    const run = () => session.run(inputs);
    for (let i = 0; i < WARM_UP_RUNS; i++) await run();
    for (;;) {
      emit(await stretch(run));
      // The abort arrives between two turns of the event loop.
      await setImmediate();
      if (signal.aborted) return;
    }
  } finally {
    await session.close();
  }
};

async function stretch(run: () => Promise<unknown>): Promise<Stretch> {
  const started = performance.now();
  let runs = 0;
  do {
    await run();
    runs++;
  } while (performance.now() - started < STRETCH_MS);
  return { runs, ms: performance.now() - started, peakBytes: 1024 * process.resourceUsage().maxRSS };
}

export default runOn;
