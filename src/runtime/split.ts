import { sum } from '../kernel/statistics.js';
import { MOST_WORKERS, type Split } from './cores.js';
import { localExecutor } from './executor.js';
import type { Feeds } from './feeds.js';
import { type Executor, jobBeside } from './job.js';
import type { SplitInput, Stretch } from './split-job.js';

const SPLIT_JOB = jobBeside<SplitInput, void, Stretch>('./split-job', import.meta.url);

export interface SplitOptions {
  /** One sample. */
  readonly feeds: Feeds;
  readonly cores: number;
  /** Copies of the sample in one run; 1 when left out. */
  readonly batch?: number;
  /** Bytes that all workers may take together: splits whose processes would not fit are not tried. */
  readonly memory?: number;
  readonly signal?: AbortSignal;
}

export interface SplitRate extends Split {
  readonly samplesPerSecond: number;
}

/** Plain data. */
export interface MeasuredSplit {
  readonly split: Split;
  readonly tried: readonly SplitRate[];
}

/** A model of many runs a second is known after this time; a slower one gets more, until each worker has run a few times. */
const SHORT_MS = 250;
const LONG_MS = 1000;
const MANY_RUNS = 50;
const FEW_RUNS = 3;
/** Real jobs hold samples and outputs beside the model. */
const HEADROOM = 1.25;
/** A split wins over one of fewer processes by more than this share only: two measurements of one split differ as much. */
const NOISE = 0.05;

/**
 * The machine's cores split into workers and threads so that most samples of this model run a second: every split is
 * tried with real processes, all its workers at once. The first, one process with all threads, shows what a process
 * takes as well. Throws what the model or its memory limit throws there.
 */
export async function measureSplit(model: string, options: SplitOptions): Promise<MeasuredSplit> {
  const { cores, memory = Number.POSITIVE_INFINITY } = options;
  const [alone, ...others] = splitsOf(cores);
  const first = await tryOut(model, alone, options);
  const tried: SplitRate[] = [{ ...alone, samplesPerSecond: first.samplesPerSecond }];
  for (const split of others) {
    if (split.workers * first.peakBytes * HEADROOM > memory) break;
    const { samplesPerSecond } = await tryOut(model, split, options);
    tried.push({ ...split, samplesPerSecond });
  }
  return { split: fastest(tried), tried };
}

/** One worker with all cores, powers of two, and a worker for each core, fewest workers first. */
export function splitsOf(cores: number): readonly Split[] {
  const most = Math.min(cores, MOST_WORKERS);
  const counts = new Set<number>();
  for (let workers = 1; workers < most; workers *= 2) counts.add(workers);
  counts.add(most);
  return [...counts].map((workers) => ({ workers, threads: Math.floor(cores / workers) }));
}

/** The one with fewest processes among those that are as fast as the fastest, within noise. */
export function fastest(tried: readonly SplitRate[]): Split {
  const most = Math.max(...tried.map(({ samplesPerSecond }) => samplesPerSecond));
  const close = tried.filter(({ samplesPerSecond }) => samplesPerSecond >= (1 - NOISE) * most);
  const [{ workers, threads }] = close.sort((a, b) => a.workers - b.workers);
  return { workers, threads };
}

interface Pace {
  readonly samplesPerSecond: number;
  /** Of the process that took most. */
  readonly peakBytes: number;
}

async function tryOut(model: string, { workers, threads }: Split, options: SplitOptions): Promise<Pace> {
  const { feeds, batch = 1, memory, signal } = options;
  signal?.throwIfAborted();
  const executor = localExecutor({
    workers,
    threads,
    ...(memory !== undefined && { memory }),
    ...(signal && { signal }),
  });
  try {
    return await paceOf(executor, { model, feeds, batch, threads });
  } finally {
    await executor.close();
  }
}

/** Runs the model in every worker until each has been seen long enough with all of them at work. */
async function paceOf(executor: Executor, input: SplitInput): Promise<Pace> {
  const enough = new AbortController();
  const counter = countStretches(executor.workers, () => enough.abort());
  const jobs = Array.from({ length: executor.workers }, (_, worker) => {
    const onEvent = (stretch: Stretch) => counter.add(worker, stretch);
    return executor.run(SPLIT_JOB, input, { what: input.model, signal: enough.signal, onEvent });
  });
  await Promise.all(jobs).catch((error: unknown) => {
    if (!enough.signal.aborted) throw error;
  });
  return counter.pace(input.batch);
}

interface Count {
  stretches: number;
  runs: number;
  ms: number;
}

/** Counts from the moment when every worker runs; the stretch that each is in then is left out. */
function countStretches(workers: number, onEnough: () => void) {
  const ready = new Set<number>();
  const counts = Array.from({ length: workers }, (): Count => ({ stretches: 0, runs: 0, ms: 0 }));
  let peakBytes = 0;
  return {
    add(worker: number, stretch: Stretch): void {
      peakBytes = Math.max(peakBytes, stretch.peakBytes);
      if (ready.size === workers) addTo(counts[worker], stretch);
      else ready.add(worker);
      if (counts.every(isEnough)) onEnough();
    },
    pace(batch: number): Pace {
      const runsPerMs = sum(counts.map(({ runs, ms }) => runs / ms));
      return { samplesPerSecond: 1000 * batch * runsPerMs, peakBytes };
    },
  };
}

function addTo(count: Count, { runs, ms }: Stretch): void {
  count.stretches++;
  if (count.stretches === 1) return;
  count.runs += runs;
  count.ms += ms;
}

function isEnough({ runs, ms }: Count): boolean {
  return (ms >= SHORT_MS && runs >= MANY_RUNS) || (ms >= LONG_MS && runs >= FEW_RUNS);
}
