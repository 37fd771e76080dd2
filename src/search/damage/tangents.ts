import type { DamageModel, Share, Support } from '../damage-model.js';
import type { Assignment } from '../space.js';
import type { Perturbations } from './perturbations.js';

/** A tangent plane of a convex damage: its value where all shares are 0, and a slope for each perturbation. */
export interface Tangent {
  readonly constant: number;
  readonly slopes: Float64Array;
}

/** The supports of a damage that is convex in the shares of perturbations, from its tangent planes. */
export function supportsBy<F extends string>(
  perturbations: Perturbations<F>,
  tangentAt: (shares: Float64Array) => Tangent,
): Required<Pick<DamageModel<F>, 'support' | 'supportAt'>> {
  const { list, chosen } = perturbations;
  const supportAt = (shares: Float64Array): Support<F> => {
    const { constant, slopes } = tangentAt(shares);
    const slope = (item: string, format: F) => {
      const number = perturbations.indexOf(item, format);
      return number < 0 ? 0 : slopes[number];
    };
    return { constant, slope };
  };
  return {
    support: (assignment: Assignment<F>) => {
      const shares = new Float64Array(list.length);
      for (const k of chosen(assignment)) shares[k] = 1;
      return supportAt(shares);
    },
    supportAt: (share: Share<F>) => supportAt(Float64Array.from(list, ({ item, format }) => share(item, format))),
  };
}
