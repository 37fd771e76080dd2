import { BitloomError, type Problem, throwAll } from '../../kernel/errors.js';
import { additive, type DamageModel } from '../damage-model.js';
import { logitDamage } from './logit-damage.js';
import type { Outputs } from './outputs.js';
import { type PairLosses, pairEstimate } from './pairs.js';
import { type Perturbation, type Perturbations, perturbationsOf } from './perturbations.js';
import { quadraticDamage } from './quadratic.js';
import type { StoredVector } from './stored-vector.js';
import { entry, type SymmetricMatrix } from './symmetric-matrix.js';

/** Where interactions come from (DESIGN.md section 4). Lists and matrices are in the order of the perturbations. */
export type DamageSource =
  /** Damages alone, which add. */
  | { readonly kind: 'none'; readonly alone: readonly number[] }
  /** Losses of pairs by the four-term identity. */
  | ({ readonly kind: 'pairs' } & PairLosses)
  /** Shifts of the output under the softmax Fisher; with `alone`, measured damages of single units in place of its diagonal. */
  | { readonly kind: 'gram'; readonly gram: SymmetricMatrix; readonly alone?: readonly number[] }
  /** Shifts of the output, summed, under the true divergence. */
  | { readonly kind: 'logits'; readonly outputs: Outputs; readonly shifts: readonly StoredVector[] }
  /** d_i(b)' H_ij d_j(c) for all pairs, itself too; need not be positive semi-definite. `alone` as in `gram`. */
  | { readonly kind: 'curvature'; readonly curvature: SymmetricMatrix; readonly alone?: readonly number[] };

/** In the order of the documentation. */
export const INTERACTIONS = [
  'none',
  'pairs',
  'curvature',
  'gram',
  'logits',
] as const satisfies readonly DamageSource['kind'][];

export type InteractionsName = (typeof INTERACTIONS)[number];

export interface DamageQuestion<F extends string> {
  readonly perturbations: readonly Perturbation<F>[];
  /** Formats that leave a unit as it is in the model that damage is measured against, such as `float`. */
  readonly unchanged: readonly F[];
  readonly source: DamageSource;
}

/** @throws `damage-not-finite`, for all perturbations and pairs at once, when a search could not add them up. */
export function createDamageModel<F extends string>({
  perturbations,
  unchanged,
  source,
}: DamageQuestion<F>): DamageModel<F> {
  const known = perturbationsOf(perturbations, unchanged);
  switch (source.kind) {
    case 'none':
      return adding(known, finite(known, source.alone));
    case 'pairs':
      finite(known, source.alone);
      finitePairs(known, source);
      return quadraticDamage(known, pairEstimate(perturbations, source));
    case 'gram':
      return ofMatrix(known, source.gram, source.alone);
    case 'curvature':
      return ofMatrix(known, source.curvature, source.alone);
    case 'logits':
      return logitDamage(known, source.outputs, source.shifts);
    default:
      return source satisfies never;
  }
}

function adding<F extends string>({ indexOf }: Perturbations<F>, alone: readonly number[]): DamageModel<F> {
  return additive((item, format) => {
    const number = indexOf(item, format);
    return number < 0 ? 0 : alone[number];
  });
}

/** 1/2 x' matrix x, its diagonal replaced where damages alone were measured. */
function ofMatrix<F extends string>(
  known: Perturbations<F>,
  together: SymmetricMatrix,
  measured?: readonly number[],
): DamageModel<F> {
  const alone = measured ?? known.list.map((_, k) => entry(together, k, k) / 2);
  for (const [k, { item, format }] of known.list.entries()) {
    const row = together.values.subarray(k * together.size, (k + 1) * together.size);
    if (!row.every(Number.isFinite)) throw new BitloomError(notFinite(`${item} in ${format}`));
  }
  return quadraticDamage(known, { alone: Float64Array.from(finite(known, alone)), together });
}

function finite<F extends string>({ list }: Perturbations<F>, alone: readonly number[]): readonly number[] {
  throwAll(
    list.flatMap(({ item, format }, k) => (Number.isFinite(alone[k]) ? [] : [notFinite(`${item} in ${format}`)])),
  );
  return alone;
}

function finitePairs<F extends string>({ list }: Perturbations<F>, { pairs }: PairLosses): void {
  const name = (k: number) => `${list[k].item} in ${list[k].format}`;
  const lost = pairs.filter(({ loss }) => !Number.isFinite(loss));
  throwAll(lost.map(({ pair: [k, l] }) => notFinite(`${name(k)} with ${name(l)}`)));
}

function notFinite(what: string): Problem {
  return {
    kind: 'model',
    code: 'damage-not-finite',
    message: `${what}: the damage is not a number`,
    hint: 'take formats that break the outputs from the ladders: no plan that has them can hold a floor',
  };
}
