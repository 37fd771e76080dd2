import { describe, expect, it } from 'vitest';
import { createPace } from './pace.js';

/** The rate after the last of `reports`, each milliseconds since the one before and what is done by then. */
function rateAfter(reports: readonly (readonly [ms: number, done: number])[]): number | undefined {
  const pace = createPace();
  let now = 0;
  let rate: number | undefined;
  for (const [ms, done] of reports) {
    now += ms;
    rate = pace.at(done, now);
  }
  return rate;
}

const steadily = (count: number, ms: number, from = 0) =>
  Array.from({ length: count }, (_, i) => [ms, from + i + 1] as const);

describe('the pace', () => {
  it('is not known after one report', () => {
    expect(rateAfter([[5000, 100]])).toBeUndefined();
  });

  it('is not told of less than a second', () => {
    expect(rateAfter([[1000, 1], ...steadily(2, 400, 1)])).toBeUndefined();
    expect(rateAfter([[1000, 1], ...steadily(3, 400, 1)])).toBeCloseTo(2.5, 10);
  });

  it('is that of the last half minute', () => {
    expect(rateAfter([...steadily(100, 100), ...steadily(40, 1000, 100)])).toBeCloseTo(1, 5);
  });

  it('follows reports that are further apart than the window', () => {
    expect(rateAfter(steadily(5, 60_000))).toBeCloseTo(1 / 60, 10);
  });

  it('leaves out what was recalled in one go', () => {
    expect(rateAfter([[1000, 5000], ...steadily(10, 500, 5000)])).toBeCloseTo(2, 10);
  });

  it('leaves out what was recalled in a burst', () => {
    const burst = steadily(40, 50);
    expect(rateAfter([...burst, ...steadily(10, 2000, 40)])).toBeCloseTo(0.5, 10);
  });

  it('tells of stages that are quick all along', () => {
    expect(rateAfter(steadily(2000, 5))).toBeCloseTo(200, 0);
  });

  it('begins anew where another count begins', () => {
    expect(rateAfter([...steadily(100, 200), [200, 0], ...steadily(5, 1000)])).toBeCloseTo(1, 10);
  });

  it('is not known while nothing goes on', () => {
    expect(
      rateAfter([
        [1000, 3],
        [1000, 3],
      ]),
    ).toBeUndefined();
  });
});
