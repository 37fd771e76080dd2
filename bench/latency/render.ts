/** Prediction errors as Markdown. */
import { NONE, origin, table } from '../markdown.js';
import type { ErrorFigures } from './figures.js';

export interface ModelErrors {
  readonly name: string;
  /** Absent until it is measured. */
  readonly figures?: ErrorFigures | undefined;
}

const HEADER = [
  'model',
  'float ms',
  'plans',
  'median',
  '95th',
  'order',
  'sum: median',
  '95th',
  'order',
  'known to',
  's',
];

export function renderErrors(models: readonly ModelErrors[]): string {
  const measured = models.flatMap(({ figures }) => (figures ? [figures] : []));
  const from = measured.length > 0 ? `\n\n${origin('npx tsx bench/latency/errors.ts', measured)}` : '';
  return `${table(HEADER, models.map(row))}${from}`;
}

function row({ name, figures }: ModelErrors): readonly string[] {
  if (!figures) return [name, ...HEADER.slice(1).map(() => NONE)];
  const { predicted, naive } = figures.errors;
  return [
    name,
    figures.floatMs.toPrecision(3),
    String(predicted.plans),
    percent(predicted.median),
    percent(predicted.p95),
    percent(predicted.ordered),
    percent(naive.median),
    percent(naive.p95),
    percent(naive.ordered),
    percent(figures.halfWidth),
    figures.seconds.toFixed(0),
  ];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
