import { createHash } from 'node:crypto';
import { FORMATS, type Format } from '../quantize/formats.js';
import type { Unit } from '../quantize/unit.js';

/** A score that was estimated, and how well it is known. */
export interface Estimate {
  readonly value: number;
  readonly standardError: number;
}

/** The Hessian of the divergence over a unit's weight, or over what it reads or stores: its trace, as a mean over samples. */
export interface UnitTrace extends Estimate {
  readonly of: 'weight' | 'activation';
  /** Of the weight; of what is read for one sample. */
  readonly elements: number;
  /** E (Q(x) - x)^2 of one element in the format. */
  readonly meanSquaredError: number;
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
  /** Of what the format rounds: the unit's weight, what it reads and stores. All are measured together when first asked. */
  traces(unit: Unit, format: Format): Promise<readonly UnitTrace[]>;
  /** Sum of g^2 d^2, for slopes g of labels drawn from the model's probabilities and what the format changes, d. */
  fisherChange(unit: Unit, format: Format): Promise<Estimate>;
  /** |g . d| for slopes g of the cross-entropy and what the format changes, d: each sample's own, then the mean. */
  firstOrderChange(unit: Unit, format: Format): Promise<Estimate>;
  /** d' H d / 2 for what the format changes, d, and the Hessian H of the divergence: the mean over samples. */
  secondOrderChange(unit: Unit, format: Format): Promise<Estimate>;
}

/** Scores a unit's sensitivity to a format: the higher, the later it is quantized. A plain number is known exactly. */
export type Ranker = (measures: Measures, unit: Unit, format: Format) => Scored | Promise<Scored>;

export type Scored = number | Estimate;

export type RankerName =
  | 'random'
  | 'error'
  | 'noise'
  | 'kl'
  | 'hessian'
  | 'hessian-trace'
  | 'curvature'
  | 'fisher'
  | 'taylor';

export const RANKERS: { readonly [R in RankerName]: Ranker } = {
  /** An order that the units' names fix and nothing else: what every other ranker must beat. */
  random: (_, { name }, format) => chance(name) * stepVariance(format, 'weight'),
  /** Quantization error of weight and activation (arXiv 2302.01382). No run of the model. */
  error: (measures, unit, format) => measures.weightError(unit, format) + measures.activationError(unit, format),
  /** Response to injected noise (arXiv 2302.01382). One run over the ranking samples a unit. */
  noise: (measures, unit, format) => measures.divergenceWithNoise(unit, format),
  /** Measured divergence of each unit quantized alone. One run over the ranking samples a unit. */
  kl: (measures, unit, format) => measures.divergenceAlone(unit, format),
  /**
   * HAWQ-V2 (arXiv 1911.03852), activations beside weights: the sum of tr(H) / n ||d||^2 over the weight and what is
   * read and stored, of n elements each, in nats: half of it is the divergence expected of the format alone, to second
   * order.
   */
  hessian: async (measures, unit, format) =>
    weighted(await measures.traces(unit, format), ({ meanSquaredError }) => meanSquaredError),
  /**
   * The mean eigenvalue tr(H) / n of weight and of what is read (HAWQ-V2 without the perturbation), times 4^-bits: a
   * rounding step's variance, had all tensors one range.
   */
  'hessian-trace': async (measures, unit, format) =>
    weighted(
      await measures.traces(unit, format),
      ({ of, elements }) => stepVariance(format, of) / Math.max(1, elements),
    ),
  /** d' H d / 2 with the perturbation d itself, where HAWQ-V2 takes its length alone: the divergence to second order. */
  curvature: (measures, unit, format) => measures.secondOrderChange(unit, format),
  /** The diagonal of Fisher's matrix with the perturbation itself: sum of F_kk d_k^2, over weight and what is read. */
  fisher: (measures, unit, format) => measures.fisherChange(unit, format),
  /** Mean size of the first-order change of the cross-entropy, |g . d|, over weight and what is read together. */
  taylor: (measures, unit, format) => measures.firstOrderChange(unit, format),
};

export function isRankerName(name: string): name is RankerName {
  return Object.hasOwn(RANKERS, name);
}

/** In the order of the table. */
export const RANKER_NAMES: readonly RankerName[] = Object.keys(RANKERS).filter(isRankerName);

/** Rankers that need histograms of activations, and not only their ranges. */
export const BY_HISTOGRAMS: readonly RankerName[] = ['error', 'hessian', 'hessian-trace'];

/** Errors add up: all traces are estimated from the same samples and probes. */
function weighted(traces: readonly UnitTrace[], factor: (trace: UnitTrace) => number): Estimate {
  const total = (of: (trace: UnitTrace) => number) => traces.reduce((sum, each) => sum + of(each) * factor(each), 0);
  return { value: total(({ value }) => value), standardError: total(({ standardError }) => standardError) };
}

/** From 0 to 1, by the hash of a name. */
function chance(name: string): number {
  return createHash('sha256').update(name).digest().readUInt32LE() / 2 ** 32;
}

/** 4^-bits; 0 for what stays float. */
function stepVariance(format: Format, of: UnitTrace['of']): number {
  const spec = FORMATS[format][of];
  if (spec === 'float' || spec === 'f16') return 0;
  return 4 ** -(spec === 'dynamic' ? 8 : spec.bits);
}
