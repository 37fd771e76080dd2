import { didYouMean } from '../../kernel/did-you-mean.js';
import { BitloomError } from '../../kernel/errors.js';
import type { Metric, MetricSpec, OutputKinds } from '../metric.js';
import { agreement, cosine, kl, mse, sqnr } from './against-float.js';
import { f1, f1Macro, topK } from './classification.js';
import { loadMetricModule } from './module.js';
import type { MetricFactory } from './options.js';
import { spearman } from './spearman.js';
import { nextToken, tokenAccuracy, tokenAgreement } from './tokens.js';

/** Every metric by its name; `topK` stands beside it, for it takes a number. */
export const METRICS = {
  top1: (options) => topK(1, options),
  top5: (options) => topK(5, options),
  f1,
  'f1-macro': f1Macro,
  agreement,
  kl,
  cosine,
  mse,
  sqnr,
  spearman,
  'next-token': nextToken,
  'token-accuracy': tokenAccuracy,
  'token-agreement': tokenAgreement,
} as const satisfies Readonly<Record<string, MetricFactory>>;

export type MetricName = keyof typeof METRICS;

const TOP_K = /^top-?(?:k=?)?(?<k>[1-9]\d*)$/;
const MODULE = /\.[cm]?[jt]s$/;

/** What a user wrote, as `top5`, `top-k=5` or `./metric.js`; an unknown name is an error that names the nearest. */
export function parseMetric(text: string): MetricSpec {
  if (MODULE.test(text)) return { name: text, module: text };
  const name = text.trim().toLowerCase();
  const k = TOP_K.exec(name)?.groups?.k;
  if (k) return { name: `top${k}` };
  if (isMetricName(name)) return { name };
  throw new BitloomError({
    kind: 'option',
    code: 'unknown-metric',
    message: `there is no metric ${text}`,
    place: { option: 'metric' },
    hint: `${didYouMean(name, Object.keys(METRICS))} A module's path is a metric too.`,
  });
}

/** What a metric's rows are kept under: its name, however it was written, or its module's path. */
export function metricKey({ name, module }: MetricSpec): string {
  return module ?? parseMetric(name).name;
}

/** The metric that a spec names; `kinds` says what the model's outputs hold. */
export async function createMetric(spec: MetricSpec, kinds: OutputKinds = {}): Promise<Metric> {
  if (spec.module !== undefined) return loadMetricModule(spec.module);
  const { name } = parseMetric(spec.name);
  const options = { ...spec, kinds };
  return isMetricName(name) ? METRICS[name](options) : topK(Number(name.slice('top'.length)), options);
}

export function isMetricName(name: string): name is MetricName {
  return Object.hasOwn(METRICS, name);
}
