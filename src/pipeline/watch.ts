import { BitloomError } from '../kernel/errors.js';
import type { Observer } from '../kernel/observer.js';

/** How a caller ends a stage before its time. */
export interface Control {
  readonly signal?: AbortSignal;
}

/** Code of the error with which a stage ends that its caller ended. */
export const INTERRUPTED = 'interrupted';

/** An observer that knows the stage under way, and begins none once the signal is aborted. */
export interface Watch extends Observer {
  current(): string;
}

export function watch(observer: Observer, signal: AbortSignal | undefined): Watch {
  let stage = 'start';
  return {
    ...observer,
    current: () => stage,
    stage(name) {
      signal?.throwIfAborted();
      stage = name;
      observer.stage(name);
    },
  };
}

/** Runs `work`; where it fails because the signal was aborted, the error says so, and `hint` what to do. */
export async function interruptible<T>(
  watched: Watch,
  signal: AbortSignal | undefined,
  hint: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!signal?.aborted || (cause instanceof BitloomError && cause.code === INTERRUPTED)) throw cause;
    const message = `interrupted in ${watched.current()}`;
    throw new BitloomError({ kind: 'runtime', code: INTERRUPTED, message, hint }, { cause });
  }
}
