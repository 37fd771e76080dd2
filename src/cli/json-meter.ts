import type { ProgressEvent } from '../report/progress-event.js';
import type { Meter } from './meter.js';
import { type Counted, type StageFacts, withoutRemaining } from './stage-facts.js';

/** Four a second: enough for eyes, and a log of hours stays small. */
const EVERY_MS = 250;

type Untimed<Event> = Event extends ProgressEvent ? Omit<Event, 'time'> : never;

/** JSON, an event a line. `now` gives milliseconds of a monotonic clock. */
export function jsonMeter(write: (line: string) => void, now: () => number): Meter {
  const emit = (event: Untimed<ProgressEvent>) => write(JSON.stringify({ time: new Date().toISOString(), ...event }));
  let shownMs = Number.NEGATIVE_INFINITY;
  let waiting: StageFacts | undefined;
  const flush = () => {
    if (waiting?.counted)
      emit({ event: 'progress', stage: waiting.stage, ...figures(waiting.counted), ...elapsed(waiting) });
    waiting = undefined;
  };
  return {
    begin(stage) {
      shownMs = Number.NEGATIVE_INFINITY;
      emit({ event: 'stage', stage });
    },
    show(facts) {
      waiting = facts;
      if (now() - shownMs < EVERY_MS) return;
      shownMs = now();
      flush();
    },
    end(facts) {
      flush();
      const counted = facts.counted && figures(withoutRemaining(facts.counted));
      emit({ event: 'end', stage: facts.stage, ...counted, ...elapsed(facts) });
    },
    say: ({ event, text, stage }) => emit({ event, ...(stage !== undefined && { stage }), note: text }),
    clear: flush,
  };
}

/** Four digits are more than a rate is worth. `done` may be a part of a thing. */
function figures(counted: Counted): Counted {
  const { done, rate, remainingSeconds } = counted;
  return {
    ...counted,
    done: thousandths(done),
    ...(rate !== undefined && { rate: Number(rate.toPrecision(4)) }),
    ...(remainingSeconds !== undefined && { remainingSeconds: Number(remainingSeconds.toPrecision(4)) }),
  };
}

function elapsed({ seconds }: StageFacts): { readonly seconds: number } {
  return { seconds: thousandths(seconds) };
}

function thousandths(value: number): number {
  return Math.round(1000 * value) / 1000;
}
