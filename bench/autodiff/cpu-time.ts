import { median } from '../../src/kernel/statistics.js';
import { ortRuntime } from '../../src/runtime/ort.js';
import type { Session, TensorMap } from '../../src/runtime/session.js';

/** A model and what it is fed. */
export interface Fed {
  readonly model: string | Uint8Array;
  readonly feeds: TensorMap;
}

/** CPU seconds of each model in each round, on one thread, in turns; a first round does not count. */
export async function cpuTimes(models: readonly Fed[], rounds: number): Promise<readonly (readonly number[])[]> {
  const sessions: Session[] = [];
  for (const { model } of models) sessions.push(await ortRuntime.open(model, { threads: 1, unplannedMemory: true }));
  const seconds: number[][] = models.map(() => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, session] of sessions.entries()) {
      const taken = await cpuSeconds(() => session.run(models[i].feeds));
      if (round > 0) seconds[i].push(taken);
    }
  }
  await Promise.all(sessions.map((session) => session.close()));
  return seconds;
}

async function cpuSeconds(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Median over rounds of one model's time over another's in the same round. */
export function ratioOf(seconds: readonly number[], base: readonly number[]): number {
  return median(seconds.map((taken, round) => taken / base[round]));
}
