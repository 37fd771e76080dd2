import { type Random, random, shuffled } from '../../kernel/random.js';
import type { Pair } from './perturbations.js';
import { choleskyFactor, scalarProduct, solveFactored, symmetric } from './symmetric-matrix.js';

/** An interaction that was measured. */
export interface Interaction {
  readonly pair: Pair;
  readonly value: number;
}

export interface Completion {
  readonly predict: (pair: Pair) => number;
  /** 0 where predicting 0 was as good on what was held out. */
  readonly rank: number;
  /** Root mean square error on what was held out, over that of predicting 0. */
  readonly heldOutError: number;
}

const RANKS = [1, 2, 4, 8];
const HELD_OUT = 0.2;
/** Sweeps of least squares over all rows; what they settle is far below what pairs differ from low rank. */
const SWEEPS = 40;
/** Holds back rows of which few pairs are known; correlations are near 1 at most. */
const RIDGE = 0.1;

type Factors = readonly Float64Array[];

/**
 * Interactions of pairs that were not measured, taking the matrix of correlations c_kl / (2 sqrt(s_k s_l)) to have low rank
 * off its diagonal: units that write into the same few directions of the output interact alike. Its factors u_k . u_l
 * come from alternating least squares over what was measured; the rank is the one that predicts a held-out fifth best, and
 * 0 where none does better than 0.
 *
 * @param alone s_k, the damage of each perturbation.
 */
export function completed(alone: Float64Array, measured: readonly Interaction[], seed: number): Completion {
  const scale = alone.map((damage) => Math.sqrt(2 * Math.max(0, damage)));
  const correlations = measured.flatMap(({ pair, value }) => {
    const both = scale[pair[0]] * scale[pair[1]];
    return both > 0 ? [{ pair, value: value / both }] : [];
  });
  const mixed = shuffled(correlations, random(seed));
  const heldOut = mixed.slice(0, Math.floor(HELD_OUT * mixed.length));
  const rest = mixed.slice(heldOut.length);
  const tried = RANKS.map((rank) => ({ rank, error: errorOn(heldOut, factorised(alone.length, rest, rank, seed)) }));
  const best = tried.reduce((least, one) => (one.error < least.error ? one : least), { rank: 0, error: 1 });
  const factors = factorised(alone.length, correlations, best.rank, seed);
  const predict = ([k, l]: Pair) => scale[k] * scale[l] * scalarProduct(factors[k], factors[l]);
  return { predict, rank: best.rank, heldOutError: best.error };
}

/** Relative to predicting 0; 1 where there is nothing to predict. */
function errorOn(pairs: readonly Interaction[], factors: Factors): number {
  let error = 0;
  let power = 0;
  for (const { pair, value } of pairs) {
    error += (value - scalarProduct(factors[pair[0]], factors[pair[1]])) ** 2;
    power += value ** 2;
  }
  return power > 0 ? Math.sqrt(error / power) : 1;
}

/** Least squares of u_k . u_l over the known pairs, one row after another: each step lowers the error. */
function factorised(size: number, known: readonly Interaction[], rank: number, seed: number): Factors {
  const factors = drawn(size, rank, random(seed));
  const partners: { readonly other: number; readonly value: number }[][] = factors.map(() => []);
  for (const { pair, value } of known) {
    partners[pair[0]].push({ other: pair[1], value });
    partners[pair[1]].push({ other: pair[0], value });
  }
  for (let sweep = 0; sweep < (rank === 0 ? 0 : SWEEPS); sweep++) {
    for (const [k, row] of partners.entries()) {
      factors[k] = ridgeRegression(
        row.map(({ other, value }) => ({ inputs: factors[other], value })),
        rank,
      );
    }
  }
  return factors;
}

function drawn(size: number, rank: number, source: Random): Float64Array[] {
  return Array.from({ length: size }, () =>
    Float64Array.from({ length: rank }, () => source.normal() / Math.sqrt(Math.max(1, rank))),
  );
}

/** The weights w that minimise sum (w . inputs - value)^2 + RIDGE |w|^2. */
function ridgeRegression(
  rows: readonly { readonly inputs: Float64Array; readonly value: number }[],
  rank: number,
): Float64Array {
  const normal = symmetric(rank, (i, j) =>
    rows.reduce((total, { inputs }) => total + inputs[i] * inputs[j], i === j ? RIDGE : 0),
  );
  const right = Float64Array.from({ length: rank }, (_, i) =>
    rows.reduce((total, { inputs, value }) => total + inputs[i] * value, 0),
  );
  const factor = choleskyFactor(normal);
  if (!factor) throw new RangeError('interactions that are not finite');
  return solveFactored(factor, right);
}
