import type { OutputKinds } from '../metric.js';
import type { MetricName } from './table.js';

export interface MetricSituation {
  readonly labelled: boolean;
  readonly kinds: OutputKinds;
  /** Whether the judged output has scores for each position of a sequence. */
  readonly sequence: boolean;
}

/** The metric where the user names none: accuracy where there are labels, likeness to the float model where not. */
export function defaultMetric({ labelled, kinds, sequence }: MetricSituation): MetricName {
  const real = Object.values(kinds).every((kind) => kind.kind === 'regression');
  if (real) return labelled ? 'spearman' : 'cosine';
  if (sequence) return labelled ? 'token-accuracy' : 'token-agreement';
  return labelled ? 'top1' : 'agreement';
}
