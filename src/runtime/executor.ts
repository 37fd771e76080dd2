import { basename } from 'node:path';
import { BitloomError } from '../kernel/errors.js';
import { type Child, type Ending, startChild } from './child.js';
import { defaultSplit } from './cores.js';
import type { Executor, Job, RunOptions } from './job.js';
import { errorOf, type FromWorker } from './messages.js';

export interface LocalOptions {
  /** Jobs at the same time; by `defaultSplit` when left out. */
  readonly workers?: number;
  readonly threads?: number;
  /**
   * Bytes that all workers may take together. It bounds each worker's JavaScript heap, and a worker that is found above
   * its share after a job is replaced: what the native library holds is returned then.
   */
  readonly memory?: number;
}

interface Task {
  readonly module: string;
  readonly input: unknown;
  readonly signal: AbortSignal | undefined;
  onEvent(event: unknown): void;
  resolve(output: unknown): void;
  reject(error: unknown): void;
}

/** How long an aborted job may take to stop by itself before its process is ended. */
const GRACE_MS = 2000;

/**
 * Runs jobs in child processes of this machine. They start when first needed and are reused; a child that dies fails
 * its own job only. An aborted job's promise rejects at once with the signal's reason.
 */
export function localExecutor(options: LocalOptions = {}): Executor {
  const split = defaultSplit();
  const workers = options.workers ?? split.workers;
  const share = options.memory === undefined ? undefined : options.memory / workers;
  const pool = new Pool(workers, share);
  return {
    workers,
    threads: options.threads ?? (options.workers ? defaultThreads(workers) : split.threads),
    run: (job, input, runOptions) => pool.run(job, input, runOptions),
    peakBytes: () => pool.peakBytes(),
    close: () => pool.close(),
  };
}

function defaultThreads(workers: number): number {
  const { workers: most, threads } = defaultSplit();
  return Math.max(1, Math.floor((most * threads) / workers));
}

/** A class, as it holds state that changes: which children are busy, idle, and which tasks wait. */
class Pool {
  readonly #size: number;
  readonly #share: number | undefined;
  readonly #idle: Child[] = [];
  readonly #busy = new Map<Child, Task>();
  readonly #waiting: Task[] = [];
  readonly #peaks = new Map<Child, number>();
  #closed = false;

  constructor(size: number, share: number | undefined) {
    this.#size = size;
    this.#share = share;
  }

  run<Input, Output, Event>(
    job: Job<Input, Output, Event>,
    input: Input,
    options: RunOptions<Event> = {},
  ): Promise<Output> {
    const { signal, onEvent } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#closed) return Promise.reject(closedError(job.module));
    return new Promise<Output>((resolve, reject) => {
      const settle = onAbort(signal, () => this.#abort(task));
      const task: Task = {
        module: job.module,
        input,
        signal,
        // The job's type parameters say what its module emits and returns; messages arrive untyped.
        onEvent: (event) => onEvent?.(event as Event),
        resolve: (output) => settle(() => resolve(output as Output)),
        reject: (error) => settle(() => reject(error)),
      };
      this.#waiting.push(task);
      this.#next();
    });
  }

  /** Of as many children as may live at the same time, those that took most. */
  peakBytes(): number {
    const peaks = [...this.#peaks.values()].sort((a, b) => b - a);
    return peaks.slice(0, this.#size).reduce((total, peak) => total + peak, 0);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const task of this.#waiting.splice(0)) task.reject(closedError(task.module));
    const busy = [...this.#busy];
    const children = [...this.#idle.splice(0), ...busy.map(([child]) => child)];
    for (const [child, task] of busy) {
      this.#free(child);
      task.reject(closedError(task.module));
    }
    await Promise.all(children.map((child) => child.kill()));
  }

  #next(): void {
    while (this.#waiting.length > 0 && this.#busy.size < this.#size) {
      const task = this.#waiting.shift();
      if (task) this.#start(this.#idle.pop() ?? startChild(this.#share), task);
    }
  }

  #start(child: Child, task: Task): void {
    this.#busy.set(child, task);
    child.hold();
    child.onMessage = (message) => this.#receive(child, task, message);
    child.onEnd = (ending) => {
      this.#free(child);
      task.reject(crashError(task.module, ending));
      this.#next();
    };
    child.send({ kind: 'run', module: task.module, input: task.input });
  }

  #receive(child: Child, task: Task, message: FromWorker): void {
    if (message.kind === 'event') {
      if (!task.signal?.aborted) task.onEvent(message.event);
      return;
    }
    this.#free(child);
    this.#peaks.set(child, message.memory.peak);
    if (this.#share !== undefined && message.memory.now > this.#share) void child.kill();
    else this.#rest(child);
    if (message.kind === 'done') task.resolve(message.output);
    else task.reject(errorOf(message.failure));
    this.#next();
  }

  #free(child: Child): void {
    this.#busy.delete(child);
    child.onMessage = undefined;
    child.onEnd = undefined;
  }

  #rest(child: Child): void {
    child.release();
    child.onEnd = () => this.#idle.splice(this.#idle.indexOf(child), 1);
    this.#idle.push(child);
  }

  /** The caller has its answer at once; the child goes on to its next job when it stops, or is ended. */
  #abort(task: Task): void {
    task.reject(task.signal?.reason);
    const waiting = this.#waiting.indexOf(task);
    if (waiting >= 0) this.#waiting.splice(waiting, 1);
    const child = [...this.#busy].find(([, running]) => running === task)?.[0];
    if (!child) return;
    child.send({ kind: 'abort' });
    setTimeout(() => this.#busy.get(child) === task && child.kill(), GRACE_MS).unref();
  }
}

/** Listens for an abort until the returned function is first called; later calls do nothing. */
function onAbort(signal: AbortSignal | undefined, abort: () => void): (finish: () => void) => void {
  let settled = false;
  signal?.addEventListener('abort', abort, { once: true });
  return (finish) => {
    if (settled) return;
    settled = true;
    signal?.removeEventListener('abort', abort);
    finish();
  };
}

function jobName(module: string): string {
  return basename(module).replace(/(-job)?\.[cm]?[jt]s$/, '');
}

function crashError(module: string, { code, signal, outOfMemory }: Ending): BitloomError {
  const how = outOfMemory ? 'ran out of memory' : signal ? `was ended by ${signal}` : `ended with exit code ${code}`;
  return new BitloomError({
    kind: 'runtime',
    code: outOfMemory ? 'worker-out-of-memory' : 'worker-crashed',
    message: `the process that ran the job ${jobName(module)} ${how}`,
    hint:
      outOfMemory || signal === 'SIGKILL'
        ? 'fewer workers, or a higher memory limit, may help'
        : 'its last words are on stderr',
  });
}

function closedError(module: string): BitloomError {
  const message = `the job ${jobName(module)} did not finish: its executor was closed`;
  return new BitloomError({ kind: 'runtime', code: 'executor-closed', message });
}
