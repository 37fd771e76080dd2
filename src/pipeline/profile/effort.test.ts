import { describe, expect, it } from 'vitest';
import { effortFor } from './effort.js';

const resnet50 = { floatMs: 80, bytes: 102e6, budgetMs: 100_000 };

describe('the effort of measuring', () => {
  it('fits into the budget for a large model', () => {
    const { profiled, runs, timed, group } = effortFor(resnet50);
    const passes = (profiled + profiled / group) * (runs + 2) + (timed + timed / group) * 18;
    expect(passes * resnet50.floatMs).toBeLessThan(resnet50.budgetMs);
    expect(profiled).toBeGreaterThanOrEqual(8);
    expect(timed).toBeGreaterThanOrEqual(24);
  });

  it('is bounded below, where a fit would otherwise know nothing', () => {
    const { profiled, runs, timed } = effortFor({ ...resnet50, floatMs: 5000 });
    expect([profiled, runs, timed]).toEqual([4, 8, 8]);
  });

  it('is bounded above, where more would tell nothing new', () => {
    const { profiled, timed, group } = effortFor({ floatMs: 1, bytes: 1e6, budgetMs: 1e9 });
    expect([profiled, timed, group]).toEqual([14, 36, 6]);
  });

  it('puts fewer plans into one process where each is large', () => {
    expect(effortFor({ ...resnet50, bytes: 550e6 }).group).toBe(1);
  });
});
