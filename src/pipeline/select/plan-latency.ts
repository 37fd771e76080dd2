import type { PredictionErrors } from '../../latency/errors.js';
import type { Formats } from '../../quantize/followers.js';
import type { Format } from '../../quantize/formats.js';
import { type CostModel, costOf } from '../../search/cost-model.js';
import type { Run } from '../run.js';

/** How long every plan takes, before it has run. */
export interface PlanLatency {
  /** Latency of a plan over the baseline's. */
  readonly model: CostModel<Format>;
  readonly baselineMs: number;
  /** Whether it comes from this machine, or from what is published or was brought. */
  readonly label: 'measured' | 'estimated';
  /** On plans that the prediction was not fitted to. */
  readonly heldOut?: PredictionErrors;
  readonly notes: readonly string[];
}

/** Predicted latency of a plan over the baseline's. */
export function predictedRatio({ model }: PlanLatency, { choices }: Pick<Run, 'choices'>, formats: Formats): number {
  return costOf(model, new Map(choices.map(({ unit }) => [unit.group, formats[unit.name]])));
}
