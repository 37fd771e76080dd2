import { median } from '../kernel/statistics.js';

/** Runs once and resolves to the milliseconds that it took. */
export type TimedRun = () => Promise<number>;

/** Runs in a row that make one turn: the first ones find another model's data in the caches and are not counted. */
export interface Burst {
  readonly warmUps: number;
  readonly counted: number;
}

/**
 * Milliseconds that a turn of a short model is filled to: short against the seconds in which a machine changes its mood, long
 * against what a change of models costs.
 */
export const TURN_MS = 20;
const MOST_WARM_UPS = 2;

/** The burst of a model whose single run takes `runMs`. One that fills a turn alone runs once: warming up would double its cost. */
export function burstFor(runMs: number): Burst {
  const runs = Math.max(1, Math.round(TURN_MS / runMs));
  const warmUps = Math.min(MOST_WARM_UPS, Math.floor(runs / 2));
  return { warmUps, counted: runs - warmUps };
}

/** The median of the runs that count, in milliseconds. */
export async function runBurst(run: TimedRun, { warmUps, counted }: Burst): Promise<number> {
  for (let i = 0; i < warmUps; i++) await run();
  const times: number[] = [];
  for (let i = 0; i < counted; i++) times.push(await run());
  return median(times);
}
