/** Figures as Markdown: a table a model, latency against 16 bits as the paper gives it. */
import { NONE, origin, table } from '../markdown.js';
import type { FIGURES, PaperStep } from './figures.js';
import { FLOORS, METHODS } from './methods.js';

type Figures = ReturnType<typeof FIGURES.read>;

const BOUNDS = ['all w8a8', 'all w4a4'];

export function renderPaper(all: readonly Figures[]): string {
  const measured = all.filter(({ steps }) => Object.keys(steps).length > 0);
  if (measured.length === 0) throw new Error('nothing has been measured yet: run bench/paper/run.ts');
  const steps = measured.flatMap((figures) => Object.values(figures.steps));
  return [
    origin(
      'npx tsx bench/paper/run.ts',
      steps.map((step) => ({ ...step, noisy: false })),
    ).replace(', one used', ''),
    ...measured.flatMap(({ model, steps: own }) => [`**${model}**${resolution(Object.values(own))}`, tableOf(own)]),
  ].join('\n\n');
}

function tableOf(steps: Figures['steps']): string {
  const rows = [...METHODS.map(({ name }) => name), ...BOUNDS].map((name) => [
    name,
    ...FLOORS.map((floor) => cell(steps[`${floor} ${name}`])),
  ]);
  return table(
    ['method', ...FLOORS],
    rows.filter((row) => row.slice(1).some((text) => text !== NONE)),
  );
}

/** `-25.48 %<br>loss .004, 12 evaluations`: bold where a plan of the search holds the floor. */
function cell(step: PaperStep | undefined): string {
  if (!step) return NONE;
  const percent = `${(100 * (step.ratio - 1)).toFixed(2)} %`;
  const points = (100 * step.loss.holdout).toFixed(2);
  return BOUNDS.includes(step.method)
    ? `${percent} (loses ${points})`
    : `**${percent}**<br>${points}, ${step.evaluations} plans`;
}

function resolution(steps: readonly PaperStep[]): string {
  const [first] = steps;
  if (!first) return '';
  const coarse = [...new Set(steps.flatMap(({ keep, status }) => (status === 'not-resolved' ? [keep] : [])))];
  const { calibration, selection, holdout } = first.samples;
  const said = coarse.length > 0 ? `; not resolved by them: ${coarse.join(', ')}` : '';
  return ` (${calibration} calibration, ${selection} selection, ${holdout} holdout samples${said})`;
}
