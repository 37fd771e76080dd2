import type { Metric, MetricSpec, OutputKinds } from '../../data/metric.js';
import { defaultMetric } from '../../data/metrics/default.js';
import { parseMetric } from '../../data/metrics/table.js';
import type { Model } from '../../graph/model.js';

export interface MetricSituation {
  /** What the user named, if anything. */
  readonly asked: string | undefined;
  /** Whether the floor speaks of agreement, which is then the metric. */
  readonly agreement: boolean;
  readonly labelled: boolean;
  readonly kinds: OutputKinds;
  readonly model: Model;
  readonly padId: number | undefined;
}

/** The metric to judge by: what an agreement floor speaks of; as asked; else by what labels and outputs there are. */
export function metricFor({ asked, agreement, labelled, kinds, model, padId }: MetricSituation): MetricSpec {
  const padding = padId === undefined ? {} : { padId };
  const sequence = isSequence(model, Object.keys(kinds));
  if (agreement) return { name: sequence ? 'token-agreement' : 'agreement', ...padding };
  if (asked !== undefined) return { ...parseMetric(asked), ...padding };
  return { name: defaultMetric({ labelled, kinds, sequence }), ...padding };
}

/** Metrics whose values are shares of 1, shown as points of 100. */
export function isShare({ kind, name }: Metric): boolean {
  return kind === 'proportion' || /accuracy|agreement|next-token|^f1/.test(name);
}

/** Whether the judged output has scores for each position: [N, T, classes]. */
function isSequence({ graph }: Model, judged: readonly string[]): boolean {
  return graph.outputs.some(({ name, type }) => {
    return judged.includes(name) && type?.kind === 'tensor' && type.shape?.length === 3;
  });
}
