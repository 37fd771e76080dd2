import { TURN_MS } from '../../runtime/burst.js';

/** How much is measured. */
export interface Effort {
  /** Plans whose nodes are profiled, and runs of each. */
  readonly profiled: number;
  readonly runs: number;
  /** Plans that are timed whole. */
  readonly timed: number;
  /** Plans that take turns in one process, beside float. */
  readonly group: number;
  /** Longest that one such group may take. */
  readonly groupMs: number;
}

export interface EffortQuestion {
  /** One run of the float model. */
  readonly floatMs: number;
  /** Bytes of the float model's file. */
  readonly bytes: number;
  readonly budgetMs: number;
}

/** What a model's file takes to be written, opened and optimized: ResNet50 of 102 MB about 0.7 s. */
const OPEN_MS = 150;
const OPEN_MS_PER_BYTE = 5e-6;
/** Mean of mixed plans over float. */
const MIXED = 0.8;
/** Rounds after which the interval of a ratio's median is about 2 % to either side on a quiet machine. */
const ROUNDS = 16;
const WARM_UP = 2;
/** A session takes about twice its file, and those of a group lie in memory together. */
const GROUP_BYTES = 2e9;

const clamp = (value: number, low: number, high: number) => Math.max(low, Math.min(high, Math.floor(value)));

/** As many plans as the budget allows: a third of it for profiles, the rest for whole plans. */
export function effortFor({ floatMs, bytes, budgetMs }: EffortQuestion): Effort {
  const openMs = OPEN_MS + bytes * OPEN_MS_PER_BYTE;
  const group = clamp(GROUP_BYTES / (2 * bytes) - 1, 1, 6);
  const runs = clamp(1500 / floatMs, 8, 40);
  const shared = MIXED + 1 / group;
  const turnMs = Math.max(TURN_MS, floatMs);
  const profileMs = 2 * openMs + (WARM_UP + runs) * shared * floatMs;
  const timingMs = openMs + (WARM_UP + ROUNDS) * shared * turnMs;
  return {
    profiled: clamp((0.3 * budgetMs) / profileMs, 4, 14),
    runs,
    timed: clamp((0.6 * budgetMs) / timingMs, 8, 36),
    group,
    groupMs: 1.5 * ROUNDS * (1 + MIXED * group) * turnMs,
  };
}
