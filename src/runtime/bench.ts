import { runAlone } from './alone.js';
import type { BenchInput } from './bench-job.js';
import { type BenchResult, sized, timingsOf } from './bench-result.js';
import { distinctFeeds, type FeedSource } from './feeds.js';
import { jobBeside } from './job.js';
import type { RoundTimes } from './latency-statistics.js';
import { ortRuntime } from './ort.js';
import type { Probe, ProbeInput } from './probe-job.js';
import { type TurnOptions, USUAL_WIDTH } from './turns.js';

/** Times models in turns within one process; an event after each round. */
export const BENCH_JOB = jobBeside<BenchInput, RoundTimes, number>('./bench-job', import.meta.url);
const PROBE_JOB = jobBeside<ProbeInput, Probe, number>('./probe-job', import.meta.url);

export interface BenchOptions extends TurnOptions {
  readonly feeds: FeedSource;
  /** Threads inside an operator; 1 when left out. */
  readonly threads?: number;
}

const BUDGET_MS = 20_000;
const MAX_ROUNDS = 5000;

/** Measures models against the first of them, in turns within one process, so that they share whatever disturbs it. */
export async function bench(models: readonly string[], options: BenchOptions): Promise<BenchResult> {
  const { feeds, threads = 1, width = USUAL_WIDTH, budgetMs = BUDGET_MS, maxRounds = MAX_ROUNDS } = options;
  const { onRound, signal } = options;
  const alone = { threads, ...(onRound && { onEvent: onRound }), ...(signal && { signal }) };
  const probes: Probe[] = [];
  for (const model of models) probes.push(await runAlone(PROBE_JOB, { model, feeds, threads }, alone));
  const times = await runAlone(BENCH_JOB, { models, feeds, threads, width, budgetMs, maxRounds }, alone);
  const timings = timingsOf({ files: await sized(models), times, feeds: distinctFeeds(feeds), width });
  return {
    ...timings,
    models: timings.models.map((model, i) => withProbe(model, probes[i])),
    threads,
    batch: probes[0].batch,
    provider: ortRuntime.provider,
    runtime: `${ortRuntime.name} ${ortRuntime.version}`,
  };
}

type Timings = ReturnType<typeof timingsOf>['models'][number];

function withProbe(model: Timings, { batch, openMs, peakBytes }: Probe) {
  return { ...model, samplesPerSecond: (batch * 1000) / model.medianMs, openMs, peakBytes };
}
