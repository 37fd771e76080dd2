import type { Model } from '../../graph/model.js';
import { type DenseTensor, isDense } from '../../kernel/tensor.js';
import type { Unit } from '../../quantize/unit.js';

/** The unit's weight as a tensor, where it has one. */
export function weightOf({ graph }: Model, { weight }: Unit): DenseTensor | undefined {
  const found = weight === undefined ? undefined : graph.initializers.get(weight);
  return found && isDense(found) ? found : undefined;
}
