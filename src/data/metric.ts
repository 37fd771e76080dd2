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
