import type { DenseTensor } from '../kernel/tensor.js';
import type { Label } from './dataset.js';

/** A model's outputs for one sample, by name, and what they are held against. */
export interface SampleResult {
  readonly outputs: Readonly<Record<string, DenseTensor>>;
  /** The float model's outputs for the same sample. */
  readonly reference: Readonly<Record<string, DenseTensor>>;
  readonly inputs: Readonly<Record<string, DenseTensor>>;
  readonly label?: Label;
}

/** The few numbers of one sample from which a metric over a set is made, such as [correct, counted]. */
export type Row = readonly number[];

export interface Metric {
  readonly name: string;
  readonly higherIsBetter: boolean;
  /**
   * `proportion`: rows are [0 or 1] and the value is their mean (exact binomial intervals hold);
   * `mean`: rows are [sum, weight] and the value is the ratio of the totals;
   * `set`: only the whole set has a value (F1, rank correlation); intervals are bootstrapped over rows.
   */
  readonly kind: 'proportion' | 'mean' | 'set';
  readonly needsLabels: boolean;
  row(result: SampleResult): Row;
  value(rows: readonly Row[]): number;
}

/**
 * What an output's numbers are: unnormalised log-probabilities over its last dimension (one number: of the positive
 * class), probabilities, or real values whose variance over the set puts errors on a common scale.
 */
export type OutputKind =
  | { readonly kind: 'logits' }
  | { readonly kind: 'probabilities' }
  | { readonly kind: 'regression'; readonly variance: number };

/** By output name; outputs that are left out are not looked at. */
export type OutputKinds = Readonly<Record<string, OutputKind>>;

/** Which positions of a sequence are padding. An input named `attention_mask` is heeded in any case. */
export interface Padding {
  /** The input with the token ids; `input_ids`, or the only integer input, when left out. */
  readonly ids?: string;
  /** The id that pads. */
  readonly padId?: number;
}

/** Names a metric as plain data, so that it travels to jobs. */
export interface MetricSpec extends Padding {
  /** A name of the table, such as `top5`; of a module's metric: the module's path. */
  readonly name: string;
  /** Path of a user's module that exports the metric. */
  readonly module?: string;
  /** The output to judge; needed where a model has several and none is called `logits`. */
  readonly output?: string;
}
