import { describe, expect, it } from 'vitest';
import { random } from '../kernel/random.js';
import { burstFor, runBurst } from './burst.js';
import { FEWEST_ROUNDS, ratiosToFirst } from './latency-statistics.js';
import { orderOf, takeTurns } from './turns.js';

const LIMITS = { width: 0.02, budgetMs: 10_000, maxRounds: 1000, firstLook: { rounds: 10, ms: 0 } };

function watching() {
  const controller = new AbortController();
  const rounds: number[] = [];
  return { controller, rounds, context: { emit: (done: number) => void rounds.push(done), signal: controller.signal } };
}

describe('takeTurns', () => {
  it('runs each model once a round, none always first or always after the same one', async () => {
    const calls: number[] = [];
    const turn = async (model: number) => {
      calls.push(model);
      return model + 1 + calls.length / 1000;
    };
    const times = await takeTurns(3, turn, { ...LIMITS, width: 0, maxRounds: 12 }, watching().context);
    expect(times.map(({ length }) => length)).toEqual([12, 12, 12]);
    const rounds = Array.from({ length: 12 }, (_, round) => calls.slice(3 * round, 3 * round + 3));
    for (const round of rounds) expect([...round].sort()).toEqual([0, 1, 2]);
    for (const model of [0, 1, 2]) expect(rounds.filter(([first]) => first === model)).toHaveLength(4);
    expect(rounds.flatMap(([a, b, c]) => [`${a}${b}`, `${b}${c}`]).filter((pair) => pair === '01').length).toBe(
      rounds.flatMap(([a, b, c]) => [`${a}${b}`, `${b}${c}`]).filter((pair) => pair === '10').length,
    );
  });

  it('looks when there are rounds enough, and ends as soon as the interval is narrow', async () => {
    const { rounds, context } = watching();
    const times = await takeTurns(2, async (model) => model + 1, LIMITS, context);
    expect(times[0]).toHaveLength(LIMITS.firstLook.rounds);
    expect(rounds).toEqual(Array.from({ length: 10 }, (_, i) => i + 1));
  });

  it('goes on while a noisy machine leaves the interval wide, and finds the ratio through outliers', async () => {
    const noise = random(3);
    const turn = async (model: number) =>
      [10, 4][model] * Math.exp(0.04 * noise.normal()) * (noise.below(10) === 0 ? 8 : 1);
    const times = await takeTurns(2, turn, LIMITS, watching().context);
    expect(times[0].length).toBeGreaterThan(50);
    const [{ value, low, high }] = ratiosToFirst(times);
    expect(Math.abs(value - 0.4)).toBeLessThan(0.01);
    expect((high - low) / value).toBeLessThanOrEqual(LIMITS.width);
  });

  it('has as many rounds as an interval needs, whatever the budget', async () => {
    const times = await takeTurns(1, async () => 1, { ...LIMITS, budgetMs: 0 }, watching().context);
    expect(times[0]).toHaveLength(FEWEST_ROUNDS);
  });

  it('stops in the middle of a round when it is aborted', async () => {
    const { controller, context } = watching();
    const turn = async (model: number) => {
      if (model === 1) controller.abort(new Error('enough'));
      return 1;
    };
    await expect(takeTurns(3, turn, LIMITS, context)).rejects.toThrow('enough');
  });
});

describe('orderOf', () => {
  it('gives one model alone its place', () => {
    expect([0, 1, 2].map((round) => orderOf(round, 1))).toEqual([[0], [0], [0]]);
  });
});

describe('a burst', () => {
  it('fills about 20 ms; the first runs do not count, and a slow model runs once', () => {
    expect(burstFor(1)).toEqual({ warmUps: 2, counted: 18 });
    expect(burstFor(7)).toEqual({ warmUps: 1, counted: 2 });
    expect(burstFor(130)).toEqual({ warmUps: 0, counted: 1 });
  });

  it('tells the median of the runs that count', async () => {
    const times = [90, 50, 3, 1, 2, 40];
    let run = 0;
    expect(await runBurst(async () => times[run++], { warmUps: 2, counted: 3 })).toBe(2);
    expect(run).toBe(5);
  });
});
