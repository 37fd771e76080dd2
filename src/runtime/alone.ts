import { type LocalOptions, localExecutor } from './executor.js';
import type { Job, RunOptions } from './job.js';

export type AloneOptions<Event> = RunOptions<Event> & Pick<LocalOptions, 'threads' | 'silenceMs'>;

/** Runs a job in a process of its own: no earlier job has left memory or threads there, and nothing runs beside it. */
export async function runAlone<Input, Output, Event>(
  job: Job<Input, Output, Event>,
  input: Input,
  { threads, silenceMs, ...options }: AloneOptions<Event> = {},
): Promise<Output> {
  const executor = localExecutor({
    workers: 1,
    ...(threads !== undefined && { threads }),
    ...(silenceMs !== undefined && { silenceMs }),
  });
  try {
    return await executor.run(job, input, options);
  } finally {
    await executor.close();
  }
}
