import { Writable } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Progress } from '../kernel/observer.js';
import { type ProgressEvent, progressEventSchema } from '../report/progress-event.js';
import { type ProgressOptions, showProgress } from './progress.js';

interface Asked extends Partial<ProgressOptions> {
  readonly columns?: number;
}

function watched({ columns, ...options }: Asked = {}) {
  let clock = 5000;
  let shown = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      shown += chunk;
      done();
    },
  });
  const screen = Object.assign(stream, columns === undefined ? {} : { isTTY: true, columns });
  const view = showProgress(screen, { quiet: false, trace: false, json: false, now: () => clock, ...options });
  /** Passes the time, then reports. */
  const report = (milliseconds: number, progress: Omit<Progress, 'stage'>, stage = 'search') => {
    clock += milliseconds;
    view.progress({ stage, ...progress });
  };
  return {
    view,
    report,
    pass: (milliseconds: number) => (clock += milliseconds),
    shown: () => shown,
    lines: () => shown.split('\n').slice(0, -1),
  };
}

/** What a terminal would have shown, one text a redraw: escape sequences move and hide the cursor and clear lines. */
function drawn(shown: string): readonly string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that a terminal is steered by.
  return shown.split(/(?:\u001b(?:\[[?\d;]*[a-zA-Z]|[78])|[\r\n])+/).filter((text) => text !== '');
}

function eventsOf(lines: readonly string[]): readonly ProgressEvent[] {
  return lines.map((line) => progressEventSchema.parse(JSON.parse(line)));
}

const LONG = 'mobilenet_v2/features/block_17/expansion_and_projection held back';

describe('progress away from a terminal', () => {
  it('is a line now and then, and one when a stage ends', () => {
    const { view, report, shown } = watched();
    view.stage('calibration');
    for (let done = 1; done <= 30; done++) report(1000, { done, total: 30 }, 'calibration');
    view.close();
    expect(shown()).toBe(
      [
        'calibration: 10/30, 1.0/s, 20 s left',
        'calibration: 20/30, 1.0/s, 10 s left',
        'calibration: 30/30, 1.0/s',
        'calibration: 30/30, 1.0/s, 30.0 s\n',
      ].join('\n'),
    );
  });

  it('says of an upper bound that it is one, and tells the best so far until it is bettered', () => {
    const { view, report, lines } = watched();
    view.stage('search');
    report(1000, { done: 1, total: 5, atMost: true, best: '50 w8a8' });
    report(12_000, { done: 2.25, total: 5, atMost: true, note: 'evaluation 3' });
    view.close();
    expect(lines()).toEqual([
      'search: 2.3/5, 6.3/min, at most 27 s left, evaluation 3, best 50 w8a8',
      'search: 2.3/5, 6.3/min, evaluation 3, best 50 w8a8, 13.0 s',
    ]);
  });

  it('cuts the longest parts to 80 columns', () => {
    const { view, report, lines } = watched();
    view.stage('search');
    report(1000, { done: 1, total: 100, note: 'evaluation 1', best: LONG });
    report(11_000, { done: 2, total: 100, note: LONG, best: '50 w8a8' });
    view.close();
    expect(lines()[0]).toMatch(/^search: 2\/100, 5\.5\/min, 18 min left, mob.*\.\.\..*back, best 50 w8a8$/);
    expect(lines().map(({ length }) => length)).toEqual([80, 80]);
  });

  it('tells steps only when asked', () => {
    const plain = watched();
    plain.view.trace('fold: 3 nodes');
    expect(plain.shown()).toBe('');
    const traced = watched({ trace: true });
    traced.view.trace('fold: 3 nodes');
    expect(traced.shown()).toBe('  fold: 3 nodes\n');
  });

  it('is silent when quiet but for what everyone should read, and still knows the stage', () => {
    const { view, report, shown } = watched({ quiet: true, trace: true });
    view.stage('search');
    report(11_000, { done: 1, total: 2 });
    view.note('something');
    view.trace('a step');
    expect(view.current()).toBe('search');
    view.close();
    expect(shown()).toBe('');
    view.announce('stopping');
    expect(shown()).toBe('stopping\n');
  });
});

describe('progress by a clock', () => {
  afterEach(() => void vi.useRealTimers());

  it('does not heed the machine’s clock being set back', () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 5, 1) });
    let shown = '';
    const stream = new Writable({
      write(chunk, _encoding, done) {
        shown += chunk;
        done();
      },
    });
    const view = showProgress(stream, { quiet: false, trace: false, json: true });
    view.stage('search');
    view.progress({ stage: 'search', done: 1, total: 2 });
    vi.setSystemTime(Date.UTC(2020, 0, 1));
    view.progress({ stage: 'search', done: 2, total: 2 });
    view.close();
    const events = eventsOf(shown.split('\n').slice(0, -1));
    expect(events.at(-1)?.time).toBe('2020-01-01T00:00:00.000Z');
    for (const event of events) {
      if (!('seconds' in event)) continue;
      expect(event.seconds).toBeGreaterThanOrEqual(0);
      expect(event.seconds).toBeLessThan(60);
    }
  });
});

describe('JSON progress', () => {
  it('tells every event in full, on a line of its own', () => {
    const { view, report, lines } = watched({ json: true, trace: true });
    view.note('before any stage');
    view.stage('search');
    report(1000, { done: 10, total: 40, recalled: 10 });
    report(2000, { done: 14, total: 40, recalled: 10, atMost: true, best: '50 w8a8', note: 'evaluation 14' });
    view.note('a word');
    view.trace('a step');
    view.close();
    const time = expect.any(String);
    const end = {
      stage: 'search',
      done: 14,
      total: 40,
      recalled: 10,
      atMost: true,
      rate: 2,
      best: '50 w8a8',
      seconds: 3,
    };
    expect(eventsOf(lines())).toEqual([
      { time, event: 'note', note: 'before any stage' },
      { time, event: 'stage', stage: 'search' },
      { time, event: 'progress', stage: 'search', done: 10, total: 40, recalled: 10, seconds: 1 },
      { time, event: 'progress', ...end, remainingSeconds: 13, note: 'evaluation 14' },
      { time, event: 'note', stage: 'search', note: 'a word' },
      { time, event: 'trace', stage: 'search', note: 'a step' },
      { time, event: 'end', ...end, note: 'evaluation 14' },
    ]);
  });

  it('is four a second at most, and always the last of a stage', () => {
    const { view, report, lines } = watched({ json: true });
    view.stage('search');
    for (let done = 1; done <= 99; done++) report(10, { done, total: 99 });
    view.stage('latency');
    report(10, { done: 1, total: 2 }, 'latency');
    report(10, { done: 2, total: 2 }, 'latency');
    view.abandon();
    const counts = eventsOf(lines()).flatMap((event) =>
      event.event === 'progress' ? [[event.stage, event.done]] : [],
    );
    expect(counts).toEqual([
      ['search', 1],
      ['search', 26],
      ['search', 51],
      ['search', 76],
      ['search', 99],
      ['latency', 1],
      ['latency', 2],
    ]);
    expect(eventsOf(lines()).flatMap((event) => (event.event === 'end' ? [event.stage] : []))).toEqual(['search']);
  });
});

describe('progress on a terminal', () => {
  it.each([80, 132, 50])('fits %d columns and no more than 80', (columns) => {
    const { view, report, shown } = watched({ columns });
    view.stage('search');
    report(1000, { done: 1, total: 1000, atMost: true, note: LONG, best: LONG });
    report(60_000, { done: 2, total: 1000, atMost: true, note: LONG, best: LONG });
    view.close();
    expect(drawn(shown()).length).toBeGreaterThan(1);
    for (const text of drawn(shown())) expect(text.length).toBeLessThanOrEqual(Math.min(80, columns));
  });

  it('draws stage, bar, count, rate, time left and the best so far', () => {
    const { view, report, shown } = watched({ columns: 80 });
    view.stage('search');
    report(1000, { done: 0, total: 40 });
    report(20_000, { done: 10, total: 40, best: '50 w8a8' });
    view.abandon();
    expect(drawn(shown()).at(-1)).toBe('search      █████░░░░░░░░░░░░░░░ 10/40, 0.5/s, 1 min left, best 50 w8a8');
  });

  it('shortens the bar before it cuts words that are short', () => {
    const { view, report, shown } = watched({ columns: 80 });
    view.stage('search');
    report(1000, { done: 0, total: 40 });
    report(20_000, { done: 10, total: 40, atMost: true, note: 'evaluation 10', best: '19 w8a8' });
    view.abandon();
    expect(drawn(shown()).at(-1)).toBe(
      'search      █░░░░ 10/40, 0.5/s, at most 1 min left, evaluation 10, best 19 w8a8',
    );
  });

  it('puts what is said above the bar, and the bar away at the end', () => {
    const { view, report, shown } = watched({ columns: 80 });
    view.stage('search');
    report(1000, { done: 1, total: 2 });
    view.note('a word');
    report(1000, { done: 2, total: 2 });
    view.close();
    expect(drawn(shown())).toEqual([
      'search      ██████████░░░░░░░░░░ 1/2',
      'a word',
      'search      ████████████████████ 2/2, 1.0/s',
      'search: 2/2, 1.0/s, 2.0 s',
    ]);
    expect(shown().lastIndexOf('\u001b[?25h')).toBeGreaterThan(shown().lastIndexOf('\u001b[?25l'));
  });
});
