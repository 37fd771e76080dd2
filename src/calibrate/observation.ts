import type { Sample } from '../data/dataset.js';
import type { ActivationStatistics } from './statistics.js';

/** Statistics in the making: one sample after another runs through a tapped model. */
export interface Observation {
  /** Throws `non-finite-activation` where the sample makes a value that no range can hold. */
  see(sample: Sample): Promise<void>;
  activations(): Readonly<Record<string, ActivationStatistics>>;
}
