import { setImmediate } from 'node:timers/promises';
import type { JobContext } from './job.js';
import { FEWEST_ROUNDS, type RoundTimes, relativeWidth } from './latency-statistics.js';

/** Milliseconds that a model takes in its turn of a round. */
export type Turn = (model: number, round: number) => Promise<number>;

/** When models have taken turns enough. */
export interface TurnLimits {
  /** Each ratio's 95 % interval is narrower than this share of it, */
  readonly width: number;
  /** or this time has passed, */
  readonly budgetMs: number;
  /** or so many rounds have. */
  readonly maxRounds: number;
}

/** What a caller may say of turns. Whoever lets them be taken says how much time and how many rounds it gives otherwise. */
export interface TurnOptions extends Partial<TurnLimits> {
  readonly onRound?: (rounds: number) => void;
  readonly signal?: AbortSignal;
}

/** Relative width of an interval that is narrow enough where nobody asks for another. */
export const USUAL_WIDTH = 0.02;

/** Before this time and this many rounds the interval is not looked at: a small model's is narrow in no time. */
export interface FirstLook {
  readonly rounds: number;
  readonly ms: number;
}

/** A look sorts all times so far, and one of many looks finds a narrow interval by chance: they grow rarer. */
const NEXT_LOOK = 1.3;

/**
 * Lets models take turns, each once a round, in changing order, so that all meet the same disturbance. There are always
 * as many rounds as an interval needs, whatever the budget. An event after each round; throws the signal's reason.
 */
export async function takeTurns(
  models: number,
  turn: Turn,
  limits: TurnLimits & { readonly firstLook: FirstLook },
  { emit, signal }: JobContext<number>,
): Promise<RoundTimes> {
  const times: number[][] = Array.from({ length: models }, () => []);
  const started = performance.now();
  let look = Math.max(FEWEST_ROUNDS, limits.firstLook.rounds);
  for (let round = 0; round < limits.maxRounds; round++) {
    for (const model of orderOf(round, models)) {
      // The abort arrives between two turns of the event loop.
      await setImmediate();
      signal.throwIfAborted();
      times[model].push(await turn(model, round));
    }
    emit(round + 1);
    const spent = performance.now() - started;
    if (round + 1 >= FEWEST_ROUNDS && spent > limits.budgetMs) break;
    if (round + 1 < look || spent < limits.firstLook.ms) continue;
    if (relativeWidth(times) <= limits.width) break;
    look = Math.ceil(look * NEXT_LOOK);
  }
  return times;
}

/** Turned by one each two rounds and reversed every other: none always follows the same model, or comes first. */
export function orderOf(round: number, count: number): readonly number[] {
  const turn = Math.floor(round / 2);
  const order = Array.from({ length: count }, (_, i) => (i + turn) % count);
  return round % 2 === 0 ? order : order.reverse();
}
