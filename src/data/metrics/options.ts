import type { Metric, OutputKind, OutputKinds, Padding } from '../metric.js';

/** What every metric is made with. */
export interface MetricOptions extends Padding {
  readonly output?: string;
  /** What the outputs' numbers are; an output that is not listed holds logits. */
  readonly kinds?: OutputKinds;
}

export type MetricFactory = (options: MetricOptions) => Metric;

/** What the judged output's numbers are. */
export function kindOf({ output, kinds = {} }: MetricOptions): OutputKind {
  const names = Object.keys(kinds);
  const name = output ?? (names.length === 1 ? names[0] : 'logits');
  return Object.hasOwn(kinds, name) ? kinds[name] : { kind: 'logits' };
}
