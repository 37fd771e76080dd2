import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localExecutor } from '../../runtime/executor.js';
import type { Executor } from '../../runtime/job.js';

/** Works in a folder of its own that is gone afterwards, however it ends. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'bitloom-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export interface Workforce {
  readonly workers?: number | undefined;
  readonly threads?: number | undefined;
  /** Bytes that all workers may take together. */
  readonly memory?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Works with processes that run models; they are gone afterwards, however it ends. */
export async function withExecutor<T>(asked: Workforce, work: (executor: Executor) => Promise<T>): Promise<T> {
  const { workers, threads, memory, signal } = asked;
  const executor = localExecutor({
    ...(workers !== undefined && { workers }),
    ...(threads !== undefined && { threads }),
    ...(memory !== undefined && { memory }),
    ...(signal && { signal }),
  });
  try {
    return await work(executor);
  } finally {
    await executor.close();
  }
}
