import { type Child, startChild } from './child.js';
import { closedError, type Death, deathError, deathOf } from './death.js';
import type { Job, RunOptions } from './job.js';
import { errorOf, type FromWorker, type Wear } from './messages.js';
import { startTask, type Task } from './task.js';

export interface PoolSettings {
  readonly size: number;
  /** Bytes that each child may take; no limit when left out. */
  readonly share: number | undefined;
  /** Sessions after which a child is replaced. */
  readonly sessions: number;
  readonly silenceMs: number;
  readonly signal: AbortSignal | undefined;
}

interface Running {
  readonly task: Task;
  readonly silence: NodeJS.Timeout;
  /** Resolves when the child has stopped working on the task, by its answer or its end. */
  readonly stopped: Promise<void>;
  stop(): void;
}

/** How long an aborted job may take to stop by itself before its process is ended. */
const GRACE_MS = 2000;
/** Processes that a job may lose before it is given up. */
const MOST_DEATHS = 2;

/** A class, as it holds state that changes: which children are busy, idle or leaving, and which tasks wait. */
export class Pool {
  readonly #settings: PoolSettings;
  readonly #idle: Child[] = [];
  readonly #busy = new Map<Child, Running>();
  readonly #leaving = new Set<Promise<void>>();
  readonly #waiting: Task[] = [];
  readonly #peaks = new Map<Child, number>();
  readonly #abortAll = () => this.#abortEvery();
  #closed = false;

  constructor(settings: PoolSettings) {
    this.#settings = settings;
    settings.signal?.addEventListener('abort', this.#abortAll, { once: true });
  }

  run<Input, Output, Event>(
    job: Job<Input, Output, Event>,
    input: Input,
    options: RunOptions<Event> = {},
  ): Promise<Output> {
    const aborted = [options.signal, this.#settings.signal].find((signal) => signal?.aborted);
    if (aborted) return Promise.reject(aborted.reason);
    if (this.#closed) return Promise.reject(closedError(job.module));
    const abort = (task: Task) => this.#abort(task, options.signal?.reason);
    const { task, result } = startTask(job, input, options, abort);
    this.#waiting.push(task);
    this.#next();
    return result;
  }

  /** Of as many children as may live at the same time, those that took most. */
  peakBytes(): number {
    const peaks = [...this.#peaks.values()].sort((a, b) => b - a);
    return peaks.slice(0, this.#settings.size).reduce((total, peak) => total + peak, 0);
  }

  /** Rejects what is left, gives aborted jobs the rest of their grace, and resolves when every child is gone. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#settings.signal?.removeEventListener('abort', this.#abortAll);
    for (const task of this.#waiting.splice(0)) task.reject(closedError(task.module));
    for (const child of this.#idle.splice(0)) this.#end(child);
    for (const [child, { task }] of this.#busy) {
      if (task.isSettled()) continue;
      task.reject(closedError(task.module));
      this.#end(child);
    }
    await Promise.all([...this.#busy.values()].map(({ stopped }) => stopped));
    await Promise.all(this.#leaving);
  }

  #next(): void {
    while (this.#waiting.length > 0 && this.#busy.size < this.#settings.size) {
      const task = this.#waiting.shift();
      if (task) this.#start(task.deaths.length > 0 ? this.#fresh() : (this.#idle.pop() ?? this.#fresh()), task);
    }
  }

  /** A new child; where that would be one too many, an idle one makes room. */
  #fresh(): Child {
    const full = this.#busy.size + this.#idle.length >= this.#settings.size;
    const idle = full ? this.#idle.pop() : undefined;
    if (idle) this.#end(idle);
    return startChild(this.#settings.share);
  }

  #start(child: Child, task: Task): void {
    const running = this.#watch(child, task);
    this.#busy.set(child, running);
    child.hold();
    child.onMessage = (message) => this.#receive(child, running, message);
    child.onEnd = (ending) => {
      if (ending.held !== undefined) this.#peaks.set(child, ending.held);
      this.#lose(child, task, deathOf(ending, this.#settings.share));
    };
    child.send({ kind: 'run', module: task.module, input: task.input });
  }

  /** A native call blocks the child's event loop, so only the job's own messages are signs of life. */
  #watch(child: Child, task: Task): Running {
    const { silenceMs: ms } = this.#settings;
    const silence = setTimeout(() => {
      child.onEnd = () => this.#lose(child, task, { kind: 'silent', ms });
      this.#end(child);
    }, ms).unref();
    let stop = () => {};
    const stopped = new Promise<void>((resolve) => {
      stop = resolve;
    });
    return { task, silence, stopped, stop };
  }

  /** The child is gone: the task goes first in the queue for a new one, or is given up. */
  #lose(child: Child, task: Task, death: Death): void {
    this.#free(child);
    task.deaths.push(death);
    if (task.deaths.length >= MOST_DEATHS) task.reject(deathError(task.module, task.what, task.deaths));
    else if (!task.isSettled()) this.#waiting.unshift(task);
    this.#next();
  }

  #receive(child: Child, { task, silence }: Running, message: FromWorker): void {
    if (message.kind === 'event') {
      silence.refresh();
      task.onEvent(message.event);
      return;
    }
    this.#free(child);
    this.#peaks.set(child, message.wear.memory.peak);
    if (this.#closed || this.#isWorn(message.wear)) this.#end(child);
    else this.#rest(child);
    if (message.kind === 'done') task.resolve(message.output);
    else task.reject(errorOf(message.failure));
    this.#next();
  }

  #isWorn({ memory, sessions }: Wear): boolean {
    const { share = Number.POSITIVE_INFINITY, sessions: most } = this.#settings;
    return memory.now > share || sessions >= most;
  }

  #free(child: Child): void {
    const running = this.#busy.get(child);
    this.#busy.delete(child);
    child.onMessage = undefined;
    child.onEnd = undefined;
    clearTimeout(running?.silence);
    running?.stop();
  }

  #rest(child: Child): void {
    child.release();
    child.onEnd = () => {
      const index = this.#idle.indexOf(child);
      if (index >= 0) this.#idle.splice(index, 1);
    };
    this.#idle.push(child);
  }

  /** Whatever it still says comes too late: its task is given to another, or was dropped. */
  #end(child: Child): void {
    child.onMessage = undefined;
    const gone = child.kill().then(() => {
      this.#leaving.delete(gone);
    });
    this.#leaving.add(gone);
  }

  #abortEvery(): void {
    const tasks = [...this.#waiting, ...[...this.#busy.values()].map(({ task }) => task)];
    for (const task of tasks) this.#abort(task, this.#settings.signal?.reason);
  }

  /** The caller has its answer at once; the child goes on to its next job when it stops, or is ended. */
  #abort(task: Task, reason: unknown): void {
    if (task.isSettled()) return;
    task.reject(reason);
    const waiting = this.#waiting.indexOf(task);
    if (waiting >= 0) this.#waiting.splice(waiting, 1);
    const [child, running] = [...this.#busy].find(([, { task: other }]) => other === task) ?? [];
    if (!child || !running) return;
    clearTimeout(running.silence);
    child.send({ kind: 'abort' });
    setTimeout(() => this.#busy.get(child) === running && this.#end(child), GRACE_MS).unref();
  }
}
