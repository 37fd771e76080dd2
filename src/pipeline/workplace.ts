import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localExecutor } from '../runtime/executor.js';
import type { Executor } from '../runtime/job.js';

/** What a stage works with: processes that run models, and a folder that goes when it is done. */
export interface Workplace {
  readonly executor: Executor;
  readonly folder: string;
}

/** Runs `work` with workers and a folder of its own; both are gone afterwards, however it ends. */
export async function withWorkplace<T>(
  { threads, memory }: { readonly threads?: number | undefined; readonly memory?: number | undefined },
  work: (workplace: Workplace) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'bitloom-'));
  const executor = localExecutor({
    ...(threads !== undefined && { workers: threads, threads: 1 }),
    ...(memory !== undefined && { memory }),
  });
  try {
    return await work({ executor, folder });
  } finally {
    await executor.close();
    await rm(folder, { recursive: true, force: true });
  }
}
