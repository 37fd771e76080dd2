import type { Death } from './death.js';
import type { Job, RunOptions } from './job.js';

/** A job that waits or runs, and whoever waits for it. Settles once. */
export interface Task {
  readonly module: string;
  readonly input: unknown;
  readonly what: string | undefined;
  /** The processes that it has lost. */
  readonly deaths: Death[];
  /** Its caller has an answer: whatever still comes is dropped. */
  isSettled(): boolean;
  onEvent(event: unknown): void;
  resolve(output: unknown): void;
  reject(error: unknown): void;
}

export interface Started<Output> {
  readonly task: Task;
  readonly result: Promise<Output>;
}

/** A task for a job, and the promise that it settles; `onAbort` is called when its caller no longer wants the result. */
export function startTask<Input, Output, Event>(
  job: Job<Input, Output, Event>,
  input: Input,
  { signal, onEvent, what }: RunOptions<Event>,
  onAbort: (task: Task) => void,
): Started<Output> {
  let resolve: (output: Output) => void;
  let reject: (error: unknown) => void;
  const result = new Promise<Output>((...settlers) => {
    [resolve, reject] = settlers;
  });
  const abort = () => onAbort(task);
  let settled = false;
  const settle = (finish: () => void) => {
    if (settled) return;
    settled = true;
    signal?.removeEventListener('abort', abort);
    finish();
  };
  const task: Task = {
    module: job.module,
    input,
    what,
    deaths: [],
    isSettled: () => settled,
    // The job's type parameters say what its module emits and returns; messages arrive untyped.
    onEvent: (event) => settled || onEvent?.(event as Event),
    resolve: (output) => settle(() => resolve(output as Output)),
    reject: (error) => settle(() => reject(error)),
  };
  signal?.addEventListener('abort', abort, { once: true });
  return { task, result };
}
