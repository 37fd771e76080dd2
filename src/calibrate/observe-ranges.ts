import { scalarOf } from '../kernel/tensor.js';
import type { Session, TensorMap } from '../runtime/session.js';
import type { Observation } from './observation.js';
import type { ActivationStatistics } from './statistics.js';
import { nonFinite, type RangeTap } from './taps.js';

/** Smallest and largest elements, reduced inside the model: only scalars leave it. */
export function observeRanges(session: Session, taps: readonly RangeTap[]): Observation {
  const seen = new Map<string, ActivationStatistics>(taps.map((tap) => [tap.value, { min: 0, max: 0 }]));
  return {
    async see(sample) {
      const outputs = await session.run(sample.inputs);
      for (const tap of taps) {
        const { min, max } = seen.get(tap.value) ?? { min: 0, max: 0 };
        const own = bounds(outputs, tap);
        if (!own) throw nonFinite(tap.value, sample.id);
        seen.set(tap.value, { min: Math.min(min, own.min), max: Math.max(max, own.max) });
      }
    },
    activations: () => Object.fromEntries(seen),
  };
}

/** None where an element is not finite. A sum that merely overflows is infinite, never NaN. */
function bounds(outputs: TensorMap, tap: RangeTap): ActivationStatistics | undefined {
  const max = scalarOf(outputs[tap.largest]);
  const min = tap.smallest === undefined ? 0 : scalarOf(outputs[tap.smallest]);
  const finite = Number.isFinite(max) && Number.isFinite(min) && !Number.isNaN(scalarOf(outputs[tap.total]));
  return finite ? { min, max } : undefined;
}
