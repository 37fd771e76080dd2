import type { Block } from './evaluate-job.js';

/** Runs several jobs; the first that fails stops the others, and is the one reported. */
export async function together<T>(
  signal: AbortSignal | undefined,
  start: (signal: AbortSignal) => readonly Promise<T>[],
): Promise<readonly T[]> {
  const failed = new AbortController();
  const jobs = start(AbortSignal.any([failed.signal, ...(signal ? [signal] : [])]));
  try {
    return await Promise.all(jobs);
  } catch (error) {
    failed.abort(error);
    await Promise.allSettled(jobs);
    throw error;
  }
}

/** `range` in pieces that end at multiples of `size`, so that pieces of one size are the same in every range. */
export function cut({ from, to }: Block, size: number): readonly Block[] {
  const first = Math.floor(from / size);
  const count = Math.max(0, Math.ceil(to / size) - first);
  return Array.from({ length: count }, (_, i) => ({
    from: Math.max(from, (first + i) * size),
    to: Math.min(to, (first + i + 1) * size),
  }));
}
