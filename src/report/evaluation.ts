import type { Estimate } from '../evaluate/intervals.js';
import type { PairedLoss } from '../evaluate/paired-loss.js';
import { metricLoss, metricValue, significant, table } from './format.js';

/** A model's metric on a set; with a reference also how it stands against that. */
export interface Evaluation {
  readonly model: string;
  readonly metric: { readonly name: string; readonly higherIsBetter: boolean; readonly share: boolean };
  readonly value: Estimate;
  readonly against?: Against;
}

export interface Against {
  readonly model: string;
  readonly value: Estimate;
  /** Positive when the model is worse than the reference on the same samples. */
  readonly loss: PairedLoss;
  /** Mean KL(reference || model) in nats. */
  readonly divergence: number;
}

/** An evaluation for a terminal of 80 columns. */
export function printEvaluation({ model, metric, value, against }: Evaluation): string {
  const figure = ({ value: mean, low, high }: Estimate, show: (figure: number) => string) =>
    `${show(mean)} (${show(low)} .. ${show(high)})`;
  const shown = (figure: number) => metricValue(figure, metric.share);
  const own = [metric.name, figure(value, shown)];
  const title = `${model}\n${value.samples} samples; 95 % intervals; ${metric.higherIsBetter ? 'higher' : 'lower'} is better`;
  const rows = against
    ? [
        own,
        ['reference', figure(against.value, shown)],
        ['loss', figure(against.loss, (loss) => metricLoss(loss, metric.share))],
        ['KL', significant(against.divergence)],
      ]
    : [own];
  return `${[title, table(rows), ...(against ? [`reference: ${against.model}`] : [])].join('\n\n')}\n`;
}
