import { type FeedSource, type Feeds, feedsFor } from './feeds.js';
import type { JobHandler } from './job.js';
import { ortRuntime } from './ort.js';

export interface ProbeInput {
  readonly model: string;
  readonly feeds: FeedSource;
  readonly threads: number;
}

export interface Probe {
  readonly openMs: number;
  /** The process's peak resident memory over what it took before the model was opened. */
  readonly peakBytes: number;
  /** Samples in one run: a model whose batch is fixed takes its own, whatever was asked for. */
  readonly batch: number;
}

const RUNS = 2;

/** Opens a model and runs it, in a process that has done nothing else: its peak memory is then the model's own. */
const probe: JobHandler<ProbeInput, Probe> = async ({ model, feeds, threads }) => {
  const before = process.memoryUsage.rss();
  const started = performance.now();
  const session = await ortRuntime.open(model, { threads });
  const openMs = performance.now() - started;
  const [first] = feedsFor(session.inputs, feeds);
  for (let run = 0; run < RUNS; run++) await session.run(first);
  await session.close();
  const peakBytes = Math.max(0, process.resourceUsage().maxRSS * 1024 - before);
  return { openMs, peakBytes, batch: feeds.kind === 'generated' ? batchOf(first, feeds.batch) : feeds.batch };
};

/** Of made-up inputs the first dimension; a model without inputs, or of scalars, has as many samples as it was asked for. */
function batchOf(feeds: Feeds, asked: number): number {
  const [first] = Object.values(feeds);
  return first?.dims[0] ?? asked;
}

export default probe;
