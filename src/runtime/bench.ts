import { stat } from 'node:fs/promises';
import type { BenchInput } from './bench-job.js';
import { type BenchResult, timingsOf } from './bench-result.js';
import { localExecutor } from './executor.js';
import type { FeedSource } from './feeds.js';
import { type Job, jobBeside } from './job.js';
import type { RoundTimes } from './latency-statistics.js';
import { ortRuntime } from './ort.js';
import type { Probe, ProbeInput } from './probe-job.js';

/** Times models in turns within one process; an event after each round. */
export const BENCH_JOB = jobBeside<BenchInput, RoundTimes, number>('./bench-job', import.meta.url);
const PROBE_JOB = jobBeside<ProbeInput, Probe, number>('./probe-job', import.meta.url);

export interface BenchOptions {
  readonly feeds: FeedSource;
  /** Threads inside an operator; 1 when left out. */
  readonly threads?: number;
  /** Rounds go on until each ratio's 95 % interval is narrower than this share of it; 0.02 when left out. */
  readonly width?: number;
  /** Or until this time has passed; 20 seconds when left out. */
  readonly budgetMs?: number;
  readonly maxRounds?: number;
  readonly onRound?: (rounds: number) => void;
  readonly signal?: AbortSignal;
}

const WIDTH = 0.02;
const BUDGET_MS = 20_000;
const MAX_ROUNDS = 5000;

/** Measures models against the first of them, in turns within one process, so that they share whatever disturbs it. */
export async function bench(models: readonly string[], options: BenchOptions): Promise<BenchResult> {
  const { feeds, threads = 1, width = WIDTH, budgetMs = BUDGET_MS, maxRounds = MAX_ROUNDS } = options;
  const probes: Probe[] = [];
  for (const model of models) probes.push(await alone(PROBE_JOB, { model, feeds, threads }, options));
  const times = await alone(BENCH_JOB, { models, feeds, threads, width, budgetMs, maxRounds }, options);
  const files = await Promise.all(models.map(async (path) => ({ path, bytes: (await stat(path)).size })));
  const unequal = feeds.kind === 'samples' ? feeds.samples.length : 1;
  const timings = timingsOf({ files, times, feeds: unequal, width });
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

/** Runs a job in a process of its own: no earlier job has left memory or threads there. */
async function alone<Input, Output>(
  job: Job<Input, Output, number>,
  input: Input,
  { threads = 1, onRound, signal }: BenchOptions,
): Promise<Output> {
  const executor = localExecutor({ workers: 1, threads });
  try {
    return await executor.run(job, input, {
      ...(onRound && { onEvent: onRound }),
      ...(signal && { signal }),
    });
  } finally {
    await executor.close();
  }
}
