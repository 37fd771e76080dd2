import { BitloomError, type Problem } from '../kernel/errors.js';

/** What the executor tells a worker process. */
export type ToWorker =
  | { readonly kind: 'run'; readonly module: string; readonly input: unknown }
  | { readonly kind: 'abort' };

/** Bytes. */
export interface Memory {
  readonly now: number;
  readonly peak: number;
}

/** What a process has taken and done so far. */
export interface Wear {
  /** Its resident set, after the job and at its highest. */
  readonly memory: Memory;
  /** Sessions that it has opened. */
  readonly sessions: number;
}

/** What a worker process answers. */
export type FromWorker =
  | { readonly kind: 'event'; readonly event: unknown }
  | { readonly kind: 'done'; readonly output: unknown; readonly wear: Wear }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly wear: Wear };

/** An error as plain data: structured clone would lose a BitloomError's problems. */
export type Failure =
  | { readonly kind: 'problems'; readonly problems: readonly Problem[] }
  | { readonly kind: 'error'; readonly name: string; readonly message: string; readonly stack: string };

export function failureOf(error: unknown): Failure {
  if (error instanceof BitloomError) return { kind: 'problems', problems: error.problems };
  if (error instanceof Error) {
    return { kind: 'error', name: error.name, message: error.message, stack: error.stack ?? '' };
  }
  return { kind: 'error', name: 'Error', message: String(error), stack: '' };
}

/** The error that a job threw, with the stack it had there. */
export function errorOf(failure: Failure): Error {
  if (failure.kind === 'problems') return new BitloomError(failure.problems);
  const error = new Error(failure.message);
  error.name = failure.name;
  if (failure.stack) error.stack = failure.stack;
  return error;
}
