import { SingleBar } from 'cli-progress';
import type { Observer, Progress } from '../kernel/observer.js';
import { duration } from '../report/format.js';

/** The stream that progress goes to: stderr, so that stdout holds results alone. */
export interface Screen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export interface ProgressOptions {
  readonly quiet: boolean;
  readonly trace: boolean;
  /** Milliseconds; another clock serves tests. */
  readonly now?: () => number;
}

/** An observer that shows what it hears, and knows where the run stands. */
export interface ProgressView extends Observer {
  /** The stage under way, if any has begun. */
  current(): string | undefined;
  /** Ends the last stage. */
  close(): void;
  /** Clears the terminal of a stage that will not end. */
  abandon(): void;
}

const LINE_EVERY_MS = 10_000;
const BAR_CELLS = 20;

/** Shows progress as a bar on a terminal, as a line now and then elsewhere, and not at all when quiet. */
export function showProgress(screen: Screen, options: ProgressOptions): ProgressView {
  const now = options.now ?? Date.now;
  const write = options.quiet ? () => undefined : (text: string) => void screen.write(`${text}\n`);
  const meter = options.quiet ? NO_METER : screen.isTTY ? barMeter() : lineMeter(write, now);
  let stage: { readonly name: string; readonly since: number } | undefined;
  const say = (text: string) => {
    meter.clear();
    write(text);
  };
  const end = () => {
    if (stage) say(`${stage.name}: ${duration((now() - stage.since) / 1000)}`);
    stage = undefined;
  };
  return {
    stage(name) {
      end();
      stage = { name, since: now() };
      meter.begin(name);
    },
    progress: (progress) => meter.show(progress, now() - (stage?.since ?? now())),
    note: say,
    trace: options.trace ? (text) => say(`  ${text}`) : () => undefined,
    current: () => stage?.name,
    close: end,
    abandon: meter.clear,
  };
}

/** What shows the progress of one stage. */
interface Meter {
  begin(stage: string): void;
  show(progress: Progress, elapsedMs: number): void;
  /** Makes room for a line. */
  clear(): void;
}

const NO_METER: Meter = { begin() {}, show() {}, clear() {} };

function lineMeter(write: (line: string) => void, now: () => number): Meter {
  let last = Number.NEGATIVE_INFINITY;
  return {
    begin() {
      last = now();
    },
    show(progress, elapsedMs) {
      if (now() - last < LINE_EVERY_MS) return;
      last = now();
      write(`${progress.stage}: ${describeProgress(progress, elapsedMs)}`);
    },
    clear() {},
  };
}

function barMeter(): Meter {
  let bar: SingleBar | undefined;
  const clear = () => {
    bar?.stop();
    bar = undefined;
  };
  return {
    begin: clear,
    show(progress, elapsedMs) {
      const text = { stage: progress.stage.padEnd(12), after: describeProgress(progress, elapsedMs) };
      bar ??= startBar(progress, text);
      bar.setTotal(progress.total);
      bar.update(progress.done, text);
    },
    clear,
  };
}

function startBar({ done, total }: Progress, text: object): SingleBar {
  const bar = new SingleBar({
    format: '{stage} {bar} {after}',
    barsize: BAR_CELLS,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
    gracefulExit: false,
    linewrap: false,
    stream: process.stderr,
  });
  bar.start(total, done, text);
  return bar;
}

/** `128/256, 12/s, 11 s left, held so far`. */
export function describeProgress({ done, total, rate, note }: Progress, elapsedMs: number): string {
  const speed = rate ?? (elapsedMs > 0 ? (1000 * done) / elapsedMs : 0);
  const left = speed > 0 && done < total ? `${duration((total - done) / speed)} left` : '';
  return [`${done}/${total}`, speed > 0 && `${speed.toPrecision(speed < 100 ? 2 : 3)}/s`, left, note]
    .filter(Boolean)
    .join(', ');
}
