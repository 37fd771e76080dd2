import { extname } from 'node:path';

/**
 * Work that a child process does: a module whose default export is a `JobHandler`. Input, events and output are plain
 * data (structured clone), so nothing above the executor knows where a job runs.
 */
export interface Job<Input, Output, Event = never> {
  /** URL of the module. */
  readonly module: string;
  /** Carries the types; never set. */
  readonly types?: (input: Input, event: Event) => Output;
}

export interface JobContext<Event> {
  emit(event: Event): void;
  /** Aborted when the caller no longer wants the result. */
  readonly signal: AbortSignal;
}

export type JobHandler<Input, Output, Event = never> = (input: Input, context: JobContext<Event>) => Promise<Output>;

export interface RunOptions<Event> {
  /** What the job is about, such as a plan or a file, in the words of an error. */
  readonly what?: string;
  /**
   * Events come in order. A job whose process died is run once more, from its start: its events then repeat, so they
   * should say where they belong (a sample, a block, a total so far) and not be added up.
   */
  readonly onEvent?: (event: Event) => void;
  readonly signal?: AbortSignal;
}

/** Runs jobs somewhere: in child processes of this machine now. */
export interface Executor {
  /** Jobs that run at the same time. */
  readonly workers: number;
  /** Threads that each job may use. */
  readonly threads: number;
  run<Input, Output, Event>(job: Job<Input, Output, Event>, input: Input, options?: RunOptions<Event>): Promise<Output>;
  /** Most memory that the workers have taken together so far, in bytes; an upper bound. */
  peakBytes(): number;
  close(): Promise<void>;
}

/** The job in the module `name` beside the caller's (`import.meta.url`), in sources and in built code. */
export function jobBeside<Input, Output, Event = never>(name: string, caller: string): Job<Input, Output, Event> {
  return { module: new URL(`${name}${extname(new URL(caller).pathname)}`, caller).href };
}
