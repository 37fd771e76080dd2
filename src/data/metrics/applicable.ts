import type { MetricSpec, OutputKinds } from '../metric.js';
import { kindOf } from './options.js';
import { isMetricName, METRICS, type MetricName } from './table.js';

/**
 * What the judged output must hold for a metric to say something of it. `numbers` are real values or the scores of a
 * single position: over a sequence of scores those sums cost as much as all other metrics together, and say less than KL.
 */
const JUDGES: { readonly [M in MetricName]: 'scores' | 'real values' | 'numbers' } = {
  top1: 'scores',
  top5: 'scores',
  f1: 'scores',
  'f1-macro': 'scores',
  agreement: 'scores',
  kl: 'scores',
  cosine: 'numbers',
  mse: 'numbers',
  sqnr: 'numbers',
  spearman: 'real values',
  'next-token': 'scores',
  'token-accuracy': 'scores',
  'token-agreement': 'scores',
};

/**
 * Metrics that may say something of the output that `spec` judges, by what it holds. Whether the samples have the labels
 * and inputs that one needs shows when its rows are made: it does not apply where that throws a BitloomError.
 * `sequence`: the output has several positions.
 */
export function applicableMetrics(spec: MetricSpec, kinds: OutputKinds, sequence: boolean): readonly MetricName[] {
  const holds = kindOf({ ...spec, kinds }).kind === 'regression' ? 'real values' : 'scores';
  const judged = [holds, ...(holds === 'scores' && sequence ? [] : ['numbers'])];
  return Object.keys(METRICS)
    .filter(isMetricName)
    .filter((name) => judged.includes(JUDGES[name]));
}
