import { availableParallelism, cpus } from 'node:os';

/** How many jobs run at once, and how many threads each of them uses. */
export interface Split {
  readonly workers: number;
  readonly threads: number;
}

/** Each worker holds a model of its own: more than this many cost memory faster than they win time. */
export const MOST_WORKERS = 4;

/**
 * The machine's cores split into workers and threads. One-thread workers scale as well as threads inside one session
 * and share out our own JavaScript (metrics, reading samples) too, so workers come first.
 */
export function defaultSplit(cores: number = availableParallelism()): Split {
  const workers = Math.max(1, Math.min(cores, MOST_WORKERS));
  return { workers, threads: Math.max(1, Math.floor(cores / workers)) };
}

/** Threads that one model alone may use. */
export function allCores(): number {
  return availableParallelism();
}

/** The processor as the system calls it; its architecture where the system does not say. */
export function processorName(): string {
  return cpus()[0]?.model ?? process.arch;
}
