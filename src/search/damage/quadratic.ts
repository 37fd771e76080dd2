import type { DamageModel } from '../damage-model.js';
import type { Assignment } from '../space.js';
import { type Convexified, convexified } from './convexified.js';
import { forLast, numberIn, type Perturbations } from './perturbations.js';
import type { Quadratic } from './quadratic-form.js';
import { entry, type SymmetricMatrix } from './symmetric-matrix.js';
import { supportsBy, type Tangent } from './tangents.js';

/**
 * damage = the sum of what is done alone + the sum over pairs of what is done together. A difference takes one addition
 * an item. Supports exist whatever the signs (see `convexified`).
 */
export function quadraticDamage<F extends string>(
  perturbations: Perturbations<F>,
  { alone, together }: Quadratic,
): DamageModel<F> {
  const chosenIn = forLast((assignment: Assignment<F>) => perturbations.chosen(assignment));
  const damage = (assignment: Assignment<F>) => {
    let total = 0;
    const chosen = perturbations.chosen(assignment);
    for (const [at, k] of chosen.entries()) {
      total += alone[k];
      for (let other = 0; other < at; other++) total += entry(together, k, chosen[other]);
    }
    return total;
  };
  const added = (assignment: Assignment<F>, but: number, k: number) => {
    if (k < 0) return 0;
    let total = alone[k];
    for (const other of chosenIn(assignment)) if (other !== but) total += entry(together, k, other);
    return total;
  };
  return {
    damage,
    change: (assignment, item, format) => {
      const from = numberIn(perturbations, assignment, item);
      const to = perturbations.indexOf(item, format);
      return from === to ? 0 : added(assignment, from, to) - added(assignment, from, from);
    },
    ...supportsBy(perturbations, tangentsOf({ alone, together })),
  };
}

/**
 * On assignments damage = linear . x + 1/2 x' P x with P positive semi-definite: a convex function of shares. Made when it is
 * first asked for, since many searches never do.
 */
function tangentsOf(quadratic: Quadratic): (shares: Float64Array) => Tangent {
  let known: Convexified | undefined;
  return (shares) => {
    known ??= convexified(quadratic);
    const { linear, curvature } = known;
    const gradient = timesVector(curvature, shares);
    const constant = gradient.reduce((rest, value, k) => rest - (value * shares[k]) / 2, 0);
    return { constant, slopes: gradient.map((value, k) => value + linear[k]) };
  };
}

function timesVector(matrix: SymmetricMatrix, vector: Float64Array): Float64Array {
  const product = new Float64Array(matrix.size);
  for (let k = 0; k < matrix.size; k++) {
    for (let l = 0; l < matrix.size; l++) product[k] += entry(matrix, k, l) * vector[l];
  }
  return product;
}
