import type { ProgressView } from './progress.js';

/** The signals by which people and systems end a command, and the exit status that tells of each. */
const STATUS = { SIGINT: 130, SIGTERM: 143 } as const;

type Ending = keyof typeof STATUS;

/** What the user asks of a run while it is under way. */
export interface Interruption {
  /** Aborted when the run should stop and keep what it has. */
  readonly signal: AbortSignal;
  /** The exit status of a run that was asked to stop. */
  status(): number | undefined;
  /** Leaves later signals to the system. */
  release(): void;
}

/**
 * The first signal aborts, and says what it `stops`: the stage ends by itself. The second ends the process at once; worker processes and the
 * scratch folder go with it.
 */
export function heedSignals(progress: ProgressView, stops: string): Interruption {
  const controller = new AbortController();
  let first: Ending | undefined;
  const heed = (signal: Ending) => {
    if (first) endAtOnce(progress, STATUS[first]);
    first = signal;
    controller.abort();
    progress.announce(`${stops} (Ctrl-C again ends at once)`);
  };
  process.on('SIGINT', heed);
  process.on('SIGTERM', heed);
  return {
    signal: controller.signal,
    status: () => first && STATUS[first],
    release: () => void process.off('SIGINT', heed).off('SIGTERM', heed),
  };
}

function endAtOnce(progress: ProgressView, status: number): never {
  progress.abandon();
  process.exit(status);
}
