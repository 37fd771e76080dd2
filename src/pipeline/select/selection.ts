import type { Observer } from '../../kernel/observer.js';
import type { Target } from '../../latency/target.js';
import type { Formats } from '../../quantize/followers.js';
import type { Format } from '../../quantize/formats.js';
import type { Augmentation } from '../../search/damage/augmented.js';
import type { InteractionsName } from '../../search/damage/damage-source.js';
import type { DamageModel } from '../../search/damage-model.js';
import type { Sensitivities } from '../../sensitivity/rank.js';
import type { Measures, RankerName } from '../../sensitivity/rankers.js';
import type { Choice } from '../choices.js';
import type { Trial, Trials } from '../trials/trials.js';
import type { PlanLatency } from './plan-latency.js';

/** A plan that may be returned: what it is called in the report, and how it did. */
export interface Candidate {
  readonly name: string;
  readonly trial: Trial;
}

export interface Selection {
  readonly candidates: readonly Candidate[];
  readonly sensitivities: Sensitivities;
  /** Why the search ended where it did. */
  readonly reason: string;
  /** The plan of least predicted latency, whatever it loses; where latency was predicted. */
  readonly fastestFormats?: Formats;
  readonly latency?: PlanLatency;
}

export type SearchName = 'frontier' | 'bisection' | 'greedy';

export interface SelectOptions {
  readonly choices: readonly Choice[];
  readonly target: Target;
  readonly trials: Trials;
  readonly measures: Measures;
  readonly ranker: RankerName;
  readonly search: SearchName;
  readonly interactions: InteractionsName;
  readonly augmentation: Pick<Augmentation, 'lambda' | 'normalisation'>;
  /** The damage of plans by a source of interactions; asked where there is one. */
  damage(interactions: InteractionsName): Promise<DamageModel<Format>>;
  /** How long plans take; asked by the search that minimises it. */
  latency(): Promise<PlanLatency>;
  readonly workers: number;
  readonly observer: Observer;
}
