/** Figures as Markdown. */
import { duration, significant } from '../../src/report/format.js';
import { RANKER_NAMES } from '../../src/sensitivity/rankers.js';
import { type Measured, NONE, origin, table } from '../markdown.js';
import type { Agreement, FIGURES, Interval, RankerStep, TruthStep } from './figures.js';

type Figures = ReturnType<typeof FIGURES.read>;

/** A model whose study is finished. */
interface Studied {
  readonly model: string;
  readonly truth: TruthStep;
  readonly rankers: Readonly<Record<string, RankerStep>>;
}

/** A table for each format, and one of costs. */
export function renderRankers(all: readonly Figures[]): string {
  const studied = all.flatMap(finished);
  if (studied.length === 0) throw new Error('nothing has been measured yet: run bench/rankers/run.ts');
  const steps: Measured[] = studied.flatMap(({ truth, rankers }) =>
    [truth, ...Object.values(rankers)].map((step) => ({ ...step, noisy: false })),
  );
  const formats = [...new Set(studied.flatMap(({ truth }) => Object.keys(truth.formats)))];
  return [
    origin('npx tsx bench/rankers/run.ts', steps).replace(', one used', ''),
    ...formats.flatMap((format) => [`Spearman's ρ and Kendall's τ at \`${format}\`:`, agreementTable(studied, format)]),
    'What each ranker took, in forward passes over its samples, and on two cores:',
    costTable(studied),
  ].join('\n\n');
}

/** `.88 [.52, .98]`. */
export function shown({ value, low, high }: Interval): string {
  return value === null ? NONE : `${rounded(value)} [${rounded(low)}, ${rounded(high)}]`;
}

function finished({ model, steps }: Figures): readonly Studied[] {
  const { truth, ...others } = steps;
  if (truth?.kind !== 'truth') return [];
  const rankers = Object.entries(others).flatMap(([name, step]) =>
    step.kind === 'ranker' ? [[name, step] as const] : [],
  );
  return [{ model, truth, rankers: Object.fromEntries(rankers) }];
}

function agreementTable(studied: readonly Studied[], format: string): string {
  const row = (title: string, of: (at: TruthStep['formats'][string]) => Agreement | undefined) => [
    title,
    ...studied.map(({ truth }) => {
      const at = truth.formats[format];
      return agreementCell(at && of(at));
    }),
  ];
  const rows = RANKER_NAMES.map((name) => row(`\`${name}\``, ({ rankers }) => rankers[name]));
  const head = ['', ...studied.map(({ model, truth }) => `${model}<br>${truth.samples} samples`)];
  return table(head, [...rows, row('*the truth, on halves*', ({ halves }) => halves)]);
}

function agreementCell(found: Agreement | undefined): string {
  if (!found || found.spearman.value === null) return NONE;
  const { spearman, kendall } = found;
  return `**${rounded(spearman.value)}** [${rounded(spearman.low)}, ${rounded(spearman.high)}]<br>τ ${rounded(kendall.value)}`;
}

function costTable(studied: readonly Studied[]): string {
  const rows = RANKER_NAMES.map((name) => [
    `\`${name}\``,
    ...studied.map(({ rankers: { [name]: step } }) =>
      step ? `${significant(step.passes)}<br>${duration(step.taken)}` : NONE,
    ),
  ]);
  return table(['', ...studied.map(({ model }) => model)], rows);
}

/** `.88`, `-.07`. */
function rounded(value: number | null): string {
  return value === null ? NONE : value.toFixed(2).replace(/^(-?)0\./, '$1.');
}
