import type { Row } from '../../src/data/metric.js';
import type { Random } from '../../src/kernel/random.js';

/** Right or wrong, sample by sample, of a float model and of a plan that truly loses `loss`, while `churn` changes both ways. */
export function proportionRows(
  samples: number,
  loss: number,
  churn: number,
  source: Random,
): { readonly float: readonly Row[]; readonly plan: readonly Row[] } {
  const float: Row[] = [];
  const plan: Row[] = [];
  for (let i = 0; i < samples; i++) {
    const draw = source.uniform();
    const worse = draw < loss + churn;
    const better = !worse && draw < loss + 2 * churn;
    float.push([better ? 0 : 1]);
    plan.push([worse ? 0 : 1]);
  }
  return { float, plan };
}
