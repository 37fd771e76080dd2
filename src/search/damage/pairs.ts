import { random, shuffled } from '../../kernel/random.js';
import { completed } from './completion.js';
import type { Pair, Perturbation } from './perturbations.js';
import type { Quadratic } from './quadratic-form.js';
import { type SymmetricMatrix, symmetric } from './symmetric-matrix.js';

/** The loss with two perturbations at once. */
export interface MeasuredPair {
  readonly pair: Pair;
  readonly loss: number;
}

/** What is said of pairs that were not measured: no interaction, or one like the others' (see `completed`). */
export type MissingPairs = 'zero' | 'low-rank';

export interface PairLosses {
  /** The loss of the float model; 0 under KL. */
  readonly atRest: number;
  /** The loss with each perturbation alone. */
  readonly alone: readonly number[];
  readonly pairs: readonly MeasuredPair[];
  readonly missing: MissingPairs;
  readonly seed: number;
}

/** A pair model, with what is known of it. */
export interface PairEstimate extends Quadratic {
  readonly measured: number;
  readonly missing: number;
  /** Root mean square of interactions that were held out, over that of predicting 0; absent where nothing was completed. */
  readonly heldOutError?: number;
  /** Of the completion; 0 where none predicted held-out pairs better than 0 does. */
  readonly rank?: number;
}

/** All pairs of perturbations of different items. */
export function pairsOf<F extends string>(list: readonly Perturbation<F>[]): readonly Pair[] {
  return list.flatMap(({ item }, k) =>
    list.slice(0, k).flatMap((other, l): readonly Pair[] => (other.item === item ? [] : [[l, k]])),
  );
}

/**
 * The pairs to measure when not all can be: half of them those whose interaction can be the largest, since under the
 * Fisher metric |c_ij| <= 2 sqrt(s_i s_j) (Cauchy-Schwarz); the other half drawn by the seed from what is left, so that a
 * completion sees pairs of all sizes.
 */
export function pairsWithin<F extends string>(
  list: readonly Perturbation<F>[],
  alone: readonly number[],
  budget: number,
  seed: number,
): readonly Pair[] {
  const most = ([k, l]: Pair) => Math.max(0, alone[k]) * Math.max(0, alone[l]);
  const pairs = [...pairsOf(list)].sort((a, b) => most(b) - most(a));
  const largest = pairs.slice(0, Math.ceil(budget / 2));
  return [...largest, ...shuffled(pairs.slice(largest.length), random(seed))].slice(0, budget);
}

/** The four-term identity c_ij = L(d_i + d_j) - L(d_i) - L(d_j) + L(0) (CLADO, arXiv 2307.05657), and what is missing by `missing`. */
export function pairEstimate<F extends string>(list: readonly Perturbation<F>[], losses: PairLosses): PairEstimate {
  const { atRest, pairs, missing, seed } = losses;
  const alone = Float64Array.from(losses.alone, (loss) => loss - atRest);
  const known = new Map(
    pairs.map(({ pair, loss }) => [keyOf(...pair), loss - atRest - alone[pair[0]] - alone[pair[1]]] as const),
  );
  const unknown = pairsOf(list).filter(([k, l]) => !known.has(keyOf(k, l)));
  const counts = { measured: known.size, missing: unknown.length };
  if (unknown.length === 0 || missing === 'zero') return { alone, together: filled(list, known), ...counts };
  const interactions = pairs.map(({ pair }) => ({ pair, value: known.get(keyOf(...pair)) ?? 0 }));
  const { predict, rank, heldOutError } = completed(alone, interactions, seed);
  const together = filled(list, known, predict);
  return { alone, together, ...counts, rank, heldOutError };
}

function filled<F extends string>(
  list: readonly Perturbation<F>[],
  known: ReadonlyMap<string, number>,
  predict: (pair: Pair) => number = () => 0,
): SymmetricMatrix {
  return symmetric(list.length, (k, l) =>
    list[k].item === list[l].item ? 0 : (known.get(keyOf(k, l)) ?? predict([k, l])),
  );
}

function keyOf(k: number, l: number): string {
  return k < l ? `${k} ${l}` : `${l} ${k}`;
}
