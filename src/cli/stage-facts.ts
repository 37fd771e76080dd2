import type { Progress } from '../kernel/observer.js';
import { createPace } from './pace.js';

/** What is known of the stage under way. */
export interface StageFacts {
  readonly stage: string;
  /** Since it began. */
  readonly seconds: number;
  readonly counted?: Counted;
}

/** Progress, and what follows from it over time. */
export interface Counted extends Omit<Progress, 'stage'> {
  /** While something is left and a rate is known; an upper bound where `total` is one. */
  readonly remainingSeconds?: number;
}

/** One stage, watched from its beginning. */
export interface StageWatch {
  see(progress: Progress): StageFacts;
  facts(): StageFacts;
}

/** `now` gives milliseconds of a monotonic clock. */
export function watchStage(stage: string, now: () => number): StageWatch {
  const beganMs = now();
  let pace = createPace();
  let counting = stage;
  let counted: Counted | undefined;
  const facts = (): StageFacts => ({ stage, seconds: (now() - beganMs) / 1000, ...(counted && { counted }) });
  return {
    see(progress) {
      const { stage: what, ...told } = progress;
      if (what !== counting) pace = createPace();
      counting = what;
      const best = told.best ?? counted?.best;
      const rate = told.rate ?? pace.at(told.done - (told.recalled ?? 0), now());
      counted = { ...told, ...(best !== undefined && { best }), ...timing(told, rate) };
      return facts();
    },
    facts,
  };
}

/** What holds of a stage that is over. */
export function withoutRemaining({ remainingSeconds: _, ...counted }: Counted): Counted {
  return counted;
}

function timing(
  { done, total }: Omit<Progress, 'stage'>,
  rate: number | undefined,
): Pick<Counted, 'rate' | 'remainingSeconds'> {
  if (rate === undefined) return {};
  return done < total ? { rate, remainingSeconds: (total - done) / rate } : { rate };
}
