import type { MetricSpec, OutputKinds } from '../metric.js';
import { kindOf } from './options.js';
import { isMetricName, METRICS, type MetricName } from './table.js';

/** What the judged output must hold for a metric to say something of it. */
const JUDGES: { readonly [M in MetricName]: 'scores' | 'real values' | 'any' } = {
  top1: 'scores',
  top5: 'scores',
  f1: 'scores',
  'f1-macro': 'scores',
  agreement: 'scores',
  kl: 'scores',
  cosine: 'any',
  mse: 'any',
  sqnr: 'any',
  spearman: 'real values',
  'next-token': 'scores',
  'token-accuracy': 'scores',
  'token-agreement': 'scores',
};

/**
 * Metrics that may say something of the output that `spec` judges, by what it holds. Whether the samples have the labels
 * and inputs that one needs shows when its rows are made: it does not apply where that throws a BitloomError.
 */
export function applicableMetrics(spec: MetricSpec, kinds: OutputKinds): readonly MetricName[] {
  const holds = kindOf({ ...spec, kinds }).kind === 'regression' ? 'real values' : 'scores';
  const names = Object.keys(METRICS).filter(isMetricName);
  return names.filter((name) => JUDGES[name] === 'any' || JUDGES[name] === holds);
}
