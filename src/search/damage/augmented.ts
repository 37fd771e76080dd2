import type { DamageModel } from '../damage-model.js';
import type { Assignment } from '../space.js';
import type { Perturbation } from './perturbations.js';

/** Item -> format -> score: what an order is made from. */
export type Scores<F extends string> = Readonly<Record<string, Readonly<Partial<Record<F, number>>>>>;

/** What sensitivities and interactions are divided by, each kind by its own. */
export const NORMALISATIONS = ['none', 'max', 'mean'] as const;
export type Normalisation =
  /** 1: for sensitivities and interactions in the same unit of damage. */
  | 'none'
  /** The largest magnitude of its kind, over all items and formats. */
  | 'max'
  /** The mean magnitude of its kind. */
  | 'mean';

export interface Augmentation {
  readonly lambda: number;
  readonly normalisation: Normalisation;
  /** Interactions below 0 (two units that cancel) as they are, as magnitudes, or as 0. */
  readonly signs: 'signed' | 'magnitude' | 'positive';
}

/**
 * With these and one source of both, a_i(b) is the share of item i in the damage of all items in b: its Shapley value,
 * since each pair's interaction is shared by two. Where sensitivities come from another source (a Hessian's trace beside
 * interactions measured under KL) a normalisation puts them on one scale.
 */
export const DEFAULT_AUGMENTATION: Augmentation = { lambda: 0.5, normalisation: 'none', signs: 'signed' };

/**
 * a_i(b) = norm(s_i(b)) + lambda * the sum over j != i of norm(c_ij(b, b)): sensitivities augmented by inter-layer
 * dependencies (reconstructed from arXiv 2306.04879, which does not state the formula). Items that have no
 * sensitivity in a format take no part in the sums of that format.
 *
 * @param interaction c_ij(b, b) from any source: see `interactionsOf`.
 */
export function augmentedScores<F extends string>(
  sensitivities: readonly (Perturbation<F> & { readonly score: number })[],
  interaction: (format: F, item: string, other: string) => number,
  options: Partial<Augmentation> = {},
): Scores<F> {
  const { lambda, normalisation, signs } = { ...DEFAULT_AUGMENTATION, ...options };
  const rows = sensitivities.map(({ item, format }) =>
    sensitivities
      .filter((other) => other.format === format && other.item !== item)
      .map((other) => SIGNS[signs](interaction(format, item, other.item))),
  );
  const ownScale = DIVISORS[normalisation](sensitivities.map(({ score }) => score));
  const scale = DIVISORS[normalisation](rows.flat());
  const scores: Record<string, Partial<Record<F, number>>> = {};
  for (const [at, { item, format, score }] of sensitivities.entries()) {
    const together = rows[at].reduce((total, value) => total + value / scale, 0);
    scores[item] = { ...scores[item], [format]: score / ownScale + lambda * together };
  }
  return scores;
}

/** c_ij(b, b) of a damage model: by how much the damage of both exceeds the sum of what each does alone. */
export function interactionsOf<F extends string>(
  model: DamageModel<F>,
): (format: F, item: string, other: string) => number {
  const nothing: Assignment<F> = new Map();
  const alone = new Map<string, Assignment<F>>();
  return (format, item, other) => {
    const key = `${format} ${item}`;
    const first = alone.get(key) ?? new Map([[item, format]]);
    alone.set(key, first);
    return model.change(first, other, format) - model.change(nothing, other, format);
  };
}

const SIGNS: { readonly [S in Augmentation['signs']]: (value: number) => number } = {
  signed: (value) => value,
  magnitude: Math.abs,
  positive: (value) => Math.max(0, value),
};

/** 1 where all are 0. */
const DIVISORS: { readonly [N in Normalisation]: (values: readonly number[]) => number } = {
  none: () => 1,
  max: (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1,
  mean: (values) => values.reduce((total, value) => total + Math.abs(value), 0) / values.length || 1,
};
