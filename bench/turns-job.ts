import { median } from '../src/kernel/statistics.js';
import { type FeedSource, feedsFor } from '../src/runtime/feeds.js';
import type { JobHandler } from '../src/runtime/job.js';
import { ortRuntime } from '../src/runtime/ort.js';

export interface AloneInput {
  readonly model: string;
  readonly feeds: FeedSource;
  readonly threads: number;
}

const WARM_UPS = 30;
const LASTS_MS = 1000;

/** Median milliseconds of a model that runs without a pause and has the process to itself. */
const alone: JobHandler<AloneInput, number> = async ({ model, feeds, threads }) => {
  const session = await ortRuntime.open(model, { threads });
  const inputs = feedsFor(session.inputs, feeds);
  const times: number[] = [];
  for (let run = 0; run < WARM_UPS; run++) await session.run(inputs[run % inputs.length]);
  const began = performance.now();
  while (performance.now() - began < LASTS_MS) {
    const started = performance.now();
    await session.run(inputs[times.length % inputs.length]);
    times.push(performance.now() - started);
  }
  await session.close();
  return median(times);
};

export default alone;
