import type { Observer } from '../kernel/observer.js';
import { barMeter } from './bar-meter.js';
import { jsonMeter } from './json-meter.js';
import { lineMeter } from './line-meter.js';
import { type Meter, NO_METER, type Saying } from './meter.js';
import { type Screen, writeLine } from './screen.js';
import { type StageWatch, watchStage } from './stage-facts.js';

export interface ProgressOptions {
  readonly quiet: boolean;
  readonly trace: boolean;
  /** JSON lines for machines. */
  readonly json: boolean;
  /** Milliseconds of a monotonic clock: the machine's own may be set back. Another one serves tests. */
  readonly now?: () => number;
}

/** An observer that shows what it hears, and knows where the run stands. */
export interface ProgressView extends Observer {
  /** The stage under way, if any has begun. */
  current(): string | undefined;
  /** Says something that also those should read who asked for quiet. */
  announce(text: string): void;
  /** Ends the last stage. */
  close(): void;
  /** Clears the terminal of a stage that will not end. */
  abandon(): void;
}

/** Shows progress as a bar on a terminal, as a line now and then elsewhere, as JSON, or not at all when quiet. */
export function showProgress(screen: Screen, options: ProgressOptions): ProgressView {
  const now = options.now ?? (() => performance.now());
  const meter = meterFor(screen, options, now);
  let under: { readonly stage: string; readonly watch: StageWatch } | undefined;
  const begin = (stage: string) => {
    under = { stage, watch: watchStage(stage, now) };
    meter.begin(stage);
    return under;
  };
  const end = () => {
    if (under) meter.end(under.watch.facts());
    under = undefined;
  };
  const say = (event: Saying['event'], text: string) =>
    meter.say({ event, text, ...(under && { stage: under.stage }) });
  return {
    stage(name) {
      end();
      begin(name);
    },
    progress: (progress) => meter.show((under ?? begin(progress.stage)).watch.see(progress)),
    note: (text) => say('note', text),
    trace: options.trace ? (text) => say('trace', options.json ? text : `  ${text}`) : () => undefined,
    current: () => under?.stage,
    announce: options.quiet ? (text) => writeLine(screen, text) : (text) => say('note', text),
    close: end,
    abandon: meter.clear,
  };
}

function meterFor(screen: Screen, { quiet, json }: ProgressOptions, now: () => number): Meter {
  if (quiet) return NO_METER;
  if (json) return jsonMeter((line) => writeLine(screen, line), now);
  return screen.isTTY ? barMeter(screen) : lineMeter(screen, now);
}
