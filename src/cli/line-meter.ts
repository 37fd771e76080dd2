import type { Meter } from './meter.js';
import { endLine, plainLine } from './progress-text.js';
import { type Screen, widthOf, writeLine } from './screen.js';

const EVERY_MS = 10_000;

/** A line now and then, for logs. `now` gives milliseconds of a monotonic clock. */
export function lineMeter(screen: Screen, now: () => number): Meter {
  let writtenMs = now();
  return {
    begin() {
      writtenMs = now();
    },
    show(facts) {
      if (now() - writtenMs < EVERY_MS) return;
      writtenMs = now();
      writeLine(screen, plainLine(facts, widthOf(screen)));
    },
    end: (facts) => writeLine(screen, endLine(facts, widthOf(screen))),
    say: ({ text }) => writeLine(screen, text),
    clear() {},
  };
}
