import { duration } from '../../src/report/format.js';
import { INTERACTIONS } from '../../src/search/damage/damage-source.js';
import { NONE, origin, table } from '../markdown.js';
import { shown } from '../rankers/render.js';
import type { DamageStep, FIGURES, Quality } from './figures.js';
import { MIXES } from './plans.js';

type Figures = ReturnType<typeof FIGURES.read>;

/** A table for each mix of formats, a row a source and a column a model; and one of costs. */
export function renderDamage(all: readonly Figures[]): string {
  const studied = all.flatMap(({ model, steps: { plans } }) => (plans ? [{ model, step: plans }] : []));
  if (studied.length === 0) throw new Error('nothing has been measured yet: run bench/damage/run.ts');
  const head = ['', ...studied.map(({ model, step }) => `${model}<br>${step.samples.truth} samples`)];
  const mixes = [...MIXES.map(({ name }) => name), 'all'];
  return [
    origin(
      'npx tsx bench/damage/run.ts',
      studied.map(({ step }) => ({ ...step, noisy: false })),
    ).replace(', one used', ''),
    ...mixes.flatMap((mix) => [
      `Plans of *${mix}*:`,
      table(
        head,
        INTERACTIONS.map((name) => [`\`${name}\``, ...studied.map(({ step }) => cell(step.mixes[mix]?.[name]))]),
      ),
    ]),
    'What each source took, in forward passes over the 64 ranking samples; all but `none` come on top of `none`:',
    table(
      head,
      INTERACTIONS.map((name) => [`\`${name}\``, ...studied.map(({ step }) => step.passes[name]?.toFixed(0) ?? NONE)]),
    ),
    `Pairs measured: ${studied.map(({ model, step }) => `${model} ${step.pairs} of ${step.allPairs}`).join(', ')}.`,
  ].join('\n\n');
}

/** `.93 [.85, .97]<br>1.02x (.80 to 1.30)`: the rank correlation; the median of predicted over measured, and its 10th and 90th percentiles. */
function cell(quality: Quality | undefined): string {
  if (!quality) return NONE;
  const { spearman, ratio, low, high } = quality;
  return `${shown(spearman)}<br>${ratio.toFixed(2)}x (${low.toFixed(2)} to ${high.toFixed(2)})`;
}

/** For the terminal: a line a mix and source. */
export function lines({ mixes, passes, seconds }: DamageStep): readonly string[] {
  const each = Object.entries(mixes).flatMap(([mix, qualities]) =>
    INTERACTIONS.map(
      (name) => `  ${mix}, ${name}: ${cell(qualities[name]).replace('<br>', ' ')}, ${passes[name]?.toFixed(0)} passes`,
    ),
  );
  return [...each, `  ${duration(seconds)}`];
}
