import { stat } from 'node:fs/promises';
import { median } from '../kernel/statistics.js';
import type { BenchInput } from './bench-job.js';
import { localExecutor } from './executor.js';
import type { FeedSource } from './feeds.js';
import { type Job, jobBeside } from './job.js';
import { type RoundTimes, ratiosToFirst, relativeWidth, restlessness } from './latency-statistics.js';
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

export interface BenchedModel {
  readonly path: string;
  /** Of the .onnx file itself, external data aside. */
  readonly bytes: number;
  /** Time of one run of a whole batch. */
  readonly medianMs: number;
  readonly minMs: number;
  readonly samplesPerSecond: number;
  /** Opening and peak memory, each model in a new process. */
  readonly openMs: number;
  readonly peakBytes: number;
}

/** A model's time relative to the first model's, with a 95 % interval. */
export interface Ratio {
  readonly path: string;
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

export interface BenchResult {
  readonly models: readonly BenchedModel[];
  /** One for each model but the first. */
  readonly ratios: readonly Ratio[];
  readonly threads: number;
  readonly batch: number;
  readonly rounds: number;
  readonly provider: string;
  readonly runtime: string;
  /** The interval asked for was not reached, or the machine was too restless for absolute times to mean much. */
  readonly noisy: boolean;
}

const WIDTH = 0.02;
const BUDGET_MS = 20_000;
const MAX_ROUNDS = 5000;
/** Interquartile range over median; a quiet machine stays below a few percent. */
const RESTLESS = 0.2;

/** Measures models against the first of them, in turns within one process, so that they share whatever disturbs it. */
export async function bench(models: readonly string[], options: BenchOptions): Promise<BenchResult> {
  const { feeds, threads = 1, width = WIDTH, budgetMs = BUDGET_MS, maxRounds = MAX_ROUNDS } = options;
  const probes: Probe[] = [];
  for (const model of models) probes.push(await alone(PROBE_JOB, { model, feeds, threads }, options));
  const times = await alone(BENCH_JOB, { models, feeds, threads, width, budgetMs, maxRounds }, options);
  const sizes = await Promise.all(models.map((path) => stat(path)));
  return {
    models: models.map((path, i) => benched(path, sizes[i].size, times[i], probes[i], feeds.batch)),
    ratios: ratiosToFirst(times).map(({ value, low, high }, i) => ({ path: models[i + 1], ratio: value, low, high })),
    threads,
    batch: feeds.batch,
    rounds: times[0].length,
    provider: ortRuntime.provider,
    runtime: `${ortRuntime.name} ${ortRuntime.version}`,
    noisy: relativeWidth(times) > width || restlessness(times) > RESTLESS,
  };
}

function benched(path: string, bytes: number, times: readonly number[], probe: Probe, batch: number): BenchedModel {
  const medianMs = median(times);
  return { path, bytes, medianMs, minMs: Math.min(...times), samplesPerSecond: (batch * 1000) / medianMs, ...probe };
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
