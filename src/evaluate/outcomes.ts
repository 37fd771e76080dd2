import type { Row } from '../data/metric.js';

/** What one model did on one prepared set, sample by sample. Kept whole, so that later questions need no new run. */
export interface Outcomes {
  readonly metric: string;
  /** One row a sample, in the set's order; shorter than the set when the evaluation stopped early. */
  readonly rows: readonly Row[];
  /** The rows of the other metrics that apply to these outputs and labels, by name: a later question needs no new run. */
  readonly others: Readonly<Record<string, readonly Row[]>>;
  /** KL(float output || this output) of each sample in nats, summed over outputs and positions that count; MSE over the output's variance for outputs that are no logits. */
  readonly divergence: readonly number[];
  /** Samples asked for: `rows.length` unless it stopped early. */
  readonly samples: number;
  /** How long this took, and how many of the samples were not run for it, since what they give was known. */
  readonly seconds: number;
  readonly recalled: number;
  readonly stoppedEarly: boolean;
  /** Samples with NaN or Inf in an output; their divergence is infinite and no metric counts them as right. */
  readonly nonFinite?: number;
}
