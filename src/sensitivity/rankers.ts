import type { Format } from '../quantize/formats.js';
import type { Unit } from '../quantize/unit.js';

/** A score that was estimated, and how well it is known. */
export interface Estimate {
  readonly value: number;
  readonly standardError: number;
}

/** What a ranker may ask of one unit in one format; each measure costs more than the one before it. */
export interface Measures {
  /** ||Q(w) - w||^2 / ||w||^2 over the unit's weight. */
  weightError(unit: Unit, format: Format): number;
  /** E ||Q(x) - x||^2 / E ||x||^2 over the values on the edges into the unit. */
  activationError(unit: Unit, format: Format): number;
  /** Mean divergence of the float model with noise in this unit's weight, as strong as the format's rounding step. */
  divergenceWithNoise(unit: Unit, format: Format): Promise<Estimate>;
  /** Mean divergence of the model with this unit alone in the format. */
  divergenceAlone(unit: Unit, format: Format): Promise<Estimate>;
}

/** Scores a unit's sensitivity to a format: the higher, the later it is quantized. A plain number is known exactly. */
export type Ranker = (measures: Measures, unit: Unit, format: Format) => Scored | Promise<Scored>;

export type Scored = number | Estimate;

export type RankerName = 'error' | 'noise' | 'kl';

export const RANKERS: { readonly [R in RankerName]: Ranker } = {
  /** Quantization error of weight and activation (arXiv 2302.01382). No run of the model. */
  error: (measures, unit, format) => measures.weightError(unit, format) + measures.activationError(unit, format),
  /** Response to injected noise (arXiv 2302.01382). One run over the ranking samples a unit. */
  noise: (measures, unit, format) => measures.divergenceWithNoise(unit, format),
  /** Measured divergence of each unit quantized alone. One run over the ranking samples a unit. */
  kl: (measures, unit, format) => measures.divergenceAlone(unit, format),
};
