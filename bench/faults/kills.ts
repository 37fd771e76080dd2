/** Kills a run again and again until it has ended, and looks at what became of it. */
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../src/kernel/random.js';
import { begins, type Ended, type Running, type Start, start } from './command.js';
import { descendants, survivors } from './processes.js';

/** When a run is killed: so long after its start, or after a stage has begun. */
export type Moment =
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'stage'; readonly stage: string; readonly ms: number };

export const STAGE_NAMES = ['model', 'data', 'float', 'calibration', 'search', 'sensitivity', 'latency', 'holdout'];

/** Right after a stage begins, its first work is under way; most of what is written is written at its end. */
const INTO_STAGE_MS = 150;

/** Moments in turn: two drawn evenly over a whole run's time, then one aimed at the next stage. */
export function* momentsOver(durationMs: number, source: Random): Generator<Moment> {
  for (let turn = 0; ; turn++) {
    yield { kind: 'time', ms: source.uniform() * durationMs };
    yield { kind: 'time', ms: source.uniform() * durationMs };
    const stage = STAGE_NAMES[turn % STAGE_NAMES.length];
    yield { kind: 'stage', stage, ms: turn % 2 === 0 ? 0 : source.uniform() * INTO_STAGE_MS };
  }
}

export interface Killed {
  readonly kills: number;
  /** Worker processes that outlived the process that started them. */
  readonly survivors: number;
  /** How the run ended that was not killed. */
  readonly last: Ended;
}

/** How long a worker may take to notice that its parent is gone: a native call has to end first. */
const NOTICE_MS = 5000;

/** Starts the same command until it ends by itself, and kills it at most `most` times. */
export async function killUntilDone(what: Start, moments: Iterator<Moment>, most: number): Promise<Killed> {
  let kills = 0;
  let left = 0;
  for (;;) {
    const running = start(what);
    if (kills === most) return { kills, survivors: left, last: await running.ended };
    const moment: Moment = moments.next().value;
    const workers = await killAt(running, moment);
    const ended = await running.ended;
    if (ended.signal !== 'SIGKILL') return { kills, survivors: left, last: ended };
    kills++;
    left += (await survivors(workers, NOTICE_MS)).length;
  }
}

/** Kills the process alone; answers with the processes that it had started. Nothing where it ends before. */
async function killAt(running: Running, moment: Moment): Promise<readonly number[]> {
  const reached = moment.kind === 'time' ? Promise.resolve() : begins(running, moment.stage);
  const due = reached.then(() => sleep(moment.ms, 'due'));
  if ((await Promise.race([due, running.ended])) !== 'due') return [];
  const workers = descendants(running.pid);
  running.process.kill('SIGKILL');
  return workers;
}

/** Takes everything away that a run has written, so that the next one starts from nothing. */
export function clear({ place }: Start): void {
  for (const folder of Object.values(place)) rmSync(folder, { recursive: true, force: true });
}
