import { allCores, defaultSplit } from './cores.js';
import type { Executor } from './job.js';
import { Pool } from './pool.js';

export interface LocalOptions {
  /** Jobs at the same time; by `defaultSplit` when left out. */
  readonly workers?: number;
  readonly threads?: number;
  /**
   * Bytes that all workers may take together, in equal shares, Node.js and native allocations counted. A worker that
   * exceeds its share is ended in the middle of its job, and replaced when it is found above it afterwards.
   */
  readonly memory?: number;
  /** A worker is replaced after it opened this many sessions, so that what they leak stays bounded; 64 when left out. */
  readonly sessions?: number;
  /** A job that for so long neither emits an event nor answers is taken for hung; 10 minutes when left out. */
  readonly silenceMs?: number;
  /** Once aborted, every job rejects with its reason: those that wait, those that run, and later ones. */
  readonly signal?: AbortSignal;
}

const SESSIONS = 64;
const SILENCE_MS = 10 * 60_000;

/**
 * Runs jobs in child processes of this machine. They start when first needed and are reused. A job whose process
 * crashes, exceeds its memory or hangs is run once more in a new one; the second loss rejects with `worker-crashed`,
 * `worker-out-of-memory` or `worker-silent`. What a job throws is its answer and is not tried again. An aborted job's
 * promise rejects at once with the signal's reason.
 */
export function localExecutor(options: LocalOptions = {}): Executor {
  const split = defaultSplit();
  const workers = options.workers ?? split.workers;
  const pool = new Pool({
    size: workers,
    share: options.memory === undefined ? undefined : options.memory / workers,
    sessions: options.sessions ?? SESSIONS,
    silenceMs: options.silenceMs ?? SILENCE_MS,
    signal: options.signal,
  });
  return {
    workers,
    threads: options.threads ?? (options.workers ? defaultThreads(workers) : split.threads),
    run: (job, input, runOptions) => pool.run(job, input, runOptions),
    peakBytes: () => pool.peakBytes(),
    close: () => pool.close(),
  };
}

function defaultThreads(workers: number): number {
  return Math.max(1, Math.floor(allCores() / workers));
}
