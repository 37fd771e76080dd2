import { describe, expect, it } from 'vitest';
import { describeProgress, showProgress } from './progress.js';

function watched({ quiet = false, trace = false } = {}) {
  let clock = 0;
  let shown = '';
  const view = showProgress({ write: (text) => (shown += text) }, { quiet, trace, now: () => clock });
  return { view, pass: (milliseconds: number) => (clock += milliseconds), shown: () => shown };
}

describe('showProgress away from a terminal', () => {
  it('writes a line now and then, and one when a stage ends', () => {
    const { view, pass, shown } = watched();
    view.stage('calibrate');
    for (let done = 1; done <= 30; done++) {
      pass(1000);
      view.progress({ stage: 'calibrate', done, total: 30 });
    }
    view.close();
    expect(shown()).toBe(
      'calibrate: 10/30, 1.0/s, 20.0 s left\ncalibrate: 20/30, 1.0/s, 10.0 s left\ncalibrate: 30/30, 1.0/s\ncalibrate: 30.0 s\n',
    );
  });

  it('tells steps only when asked', () => {
    const plain = watched();
    plain.view.trace('fold: 3 nodes');
    expect(plain.shown()).toBe('');
    const traced = watched({ trace: true });
    traced.view.trace('fold: 3 nodes');
    expect(traced.shown()).toBe('  fold: 3 nodes\n');
  });

  it('is silent when quiet, and still knows the stage', () => {
    const { view, shown } = watched({ quiet: true });
    view.stage('search');
    view.progress({ stage: 'search', done: 1, total: 2 });
    view.note('something');
    expect(view.current()).toBe('search');
    view.close();
    expect(shown()).toBe('');
  });
});

describe('describeProgress', () => {
  it('prefers the rate that the stage knows', () => {
    expect(describeProgress({ stage: 's', done: 5, total: 10, rate: 0.5, note: 'held' }, 1000)).toBe(
      '5/10, 0.50/s, 10.0 s left, held',
    );
  });
});
