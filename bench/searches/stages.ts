import type { Observer } from '../../src/kernel/observer.js';

/** How long a stage took, all its turns together. */
export interface StageTime {
  readonly name: string;
  readonly seconds: number;
}

export interface StageTimer {
  readonly observer: Observer;
  /** Of all stages so far, in the order in which they began; the last has ended. */
  stages(): readonly StageTime[];
}

/** Watches as `observer` does, with a stopwatch. */
export function timingStages(observer: Observer, now = () => performance.now()): StageTimer {
  const seconds = new Map<string, number>();
  let current: { readonly name: string; readonly since: number } | undefined;
  const end = () => {
    if (current) seconds.set(current.name, (seconds.get(current.name) ?? 0) + (now() - current.since) / 1000);
    current = undefined;
  };
  return {
    observer: {
      ...observer,
      stage(name) {
        end();
        current = { name, since: now() };
        observer.stage(name);
      },
    },
    stages() {
      end();
      return [...seconds].map(([name, total]) => ({ name, seconds: total }));
    },
  };
}
