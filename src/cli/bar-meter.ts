import { SingleBar } from 'cli-progress';
import type { Meter } from './meter.js';
import { barLine, endLine } from './progress-text.js';
import type { Screen } from './screen.js';
import { widthOf, writeLine } from './screen.js';

/** A bar that is drawn over itself, with what is said above it. */
export function barMeter(screen: Screen): Meter {
  let bar: SingleBar | undefined;
  const clear = () => {
    bar?.stop();
    bar = undefined;
  };
  const say = (text: string) => {
    clear();
    writeLine(screen, text);
  };
  return {
    begin: clear,
    show(facts) {
      // The last column stays free: some terminals begin a new line once it is written.
      const line = barLine(facts, widthOf(screen) - 1);
      if (bar) bar.update({ line });
      else bar = startBar(screen, line);
    },
    end: (facts) => say(endLine(facts, widthOf(screen))),
    say: ({ text }) => say(text),
    clear,
  };
}

/** The words and the bar in them are ours; when and how to draw over the line is the library's. */
function startBar(screen: Screen, line: string): SingleBar {
  const bar = new SingleBar({
    format: (_options, _params, payload: { readonly line: string }) => payload.line,
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
    gracefulExit: false,
    linewrap: false,
    stream: screen,
  });
  bar.start(1, 0, { line });
  return bar;
}
