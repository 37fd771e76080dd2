/** Figures as Markdown. */

import { duration, metricLoss, metricValue } from '../../src/report/format.js';
import type { Report } from '../../src/report/schema.js';
import type { Figures, StepFigures } from './figures.js';
import { MARKS } from './peers.js';

const METHODS = ['min-max', 'percentile', 'entropy', 'mse'] as const;
const FLOORS = ['99%', '99.9%'] as const;
const OTHERS = ['w4a8', 'w8a8-dynamic', 'w4', 'w8'] as const;
const NONE = '–';

/** All tables of the README's results; figures without a single step are left out. */
export function renderResults(all: readonly Figures[]): string {
  const measured = all.filter(({ steps }) => Object.keys(steps).length > 0);
  if (measured.length === 0) throw new Error('nothing has been measured yet: run bench/results/run.ts');
  return [
    origin(measured),
    plansTable(measured),
    PLANS_LEGEND,
    methodsTable(measured),
    METHODS_LEGEND,
    othersTable(measured),
    OTHERS_LEGEND,
  ].join('\n\n');
}

const PLANS_LEGEND = [
  'Accuracy in points of 100, on holdout samples that decided nothing, ± half of the 95 % interval; in brackets the',
  'float model’s on the same samples, and what was lost with its paired interval. Speed-up: float’s time over the',
  'plan’s, batch 1, run interleaved. A floor is not resolved where it is finer than the selection samples can tell.',
  'The best uniform `w8a8` is the calibration method of least KL on the very samples shown, so that column is a little',
  'optimistic; on the ImageNet models so are the methods themselves, whose constants were settled on some of these images',
  '(docs/adr/0052). The plans use the default method.',
].join('\n');

const METHODS_LEGEND = [
  'Mean KL(float || quantized) in nats and, in brackets, latency over float’s: every unit that can take it in `w8a8`,',
  'ranges by each calibration method. ORT: the least KL that ONNX Runtime’s own static quantization reaches on the same',
  'samples, with its latency (encoders: MatMul and Gemm).',
].join('\n');

const OTHERS_LEGEND = [
  'The same for other formats: accuracy, KL, latency over float’s. On a CPU `w4a8` is a format for study: its 4-bit',
  'values run in the 8-bit kernel.',
].join('\n');

function plansTable(all: readonly Figures[]): string {
  const rows = all.map(({ model, steps }) => [
    model,
    floatCell(steps),
    bestCell(steps),
    ...FLOORS.map((floor) => planCell(steps[`plan ${floor}`])),
  ]);
  return table(['model', 'float', 'best uniform `w8a8`', ...FLOORS.map((floor) => `\`--keep ${floor}\``)], rows);
}

function floatCell(steps: Figures['steps']): string {
  const [any] = Object.values(steps).filter(({ search }) => search.method === 'none');
  return any ? shown(any.float.holdout.value, any) : NONE;
}

function bestCell(steps: Figures['steps']): string {
  const methods = METHODS.filter((method) => steps[`w8a8 ${method}`]);
  if (methods.length === 0) return NONE;
  const divergence = (method: string) => steps[`w8a8 ${method}`].divergence.holdout;
  const best = methods.reduce((least, method) => (divergence(method) < divergence(least) ? method : least));
  const step = steps[`w8a8 ${best}`];
  return `${shown(step.result.holdout.value, step)}, **${speedUp(step)}**<br>${best}, KL ${small(divergence(best))}`;
}

function planCell(step: StepFigures | undefined): string {
  if (!step) return NONE;
  const { search, result, float, pairedLoss, formats, floor } = step;
  const { value, low, high } = result.holdout;
  const accuracy = `${shown(value, step)} ± ${shown((high - low) / 2, step)} (${shown(float.holdout.value, step)})`;
  const loss = pairedLoss.holdout;
  const lost = `lost ${shownLoss(loss.value, step)} [${shownLoss(loss.low, step)}, ${shownLoss(loss.high, step)}]`;
  const units = Object.entries(formats).map(([format, count]) => `${count} ${format}`);
  const cost = `${search.evaluations} evaluations, ${duration(search.wallSeconds)}`;
  const status = STATUS[floor.status];
  return [`${accuracy}, **${speedUp(step)}**`, lost, units.join(', '), cost, ...(status ? [status] : [])].join('<br>');
}

const STATUS: Readonly<Record<Report['floor']['status'], string>> = {
  held: '',
  'not-held': '*floor not held*',
  'not-resolved': '*floor not resolved*',
};

function methodsTable(all: readonly Figures[]): string {
  const rows = all.map(({ model, steps }) => [
    model,
    ...METHODS.map((method) => divergenceCell(steps[`w8a8 ${method}`])),
    markCell(model, 'w8a8 '),
  ]);
  return table(['`w8a8` everywhere', ...METHODS, 'ORT'], rows);
}

function divergenceCell(step: StepFigures | undefined): string {
  return step ? `${small(step.divergence.holdout)} (${step.latency.ratio.toFixed(2)})` : NONE;
}

/** The least divergence among the marks of the steps that start so. */
function markCell(model: string, start: string): string {
  const marks = Object.entries(MARKS[model] ?? {}).filter(([step]) => step.startsWith(start));
  if (marks.length === 0) return NONE;
  const [step, { divergence, ratio }] = marks.reduce((a, b) => (b[1].divergence < a[1].divergence ? b : a));
  return `${small(divergence)} (${ratio.toFixed(2)}) ${step.slice(start.length)}`.trim();
}

function othersTable(all: readonly Figures[]): string {
  const rows = all.map(({ model, steps }) => [
    model,
    ...OTHERS.map((format) => formatCell(steps[format], MARKS[model]?.[format])),
  ]);
  return table(['everywhere', ...OTHERS.map((format) => `\`${format}\``)], rows);
}

function formatCell(
  step: StepFigures | undefined,
  mark: { readonly divergence: number; readonly ratio: number } | undefined,
) {
  if (!step) return NONE;
  const own = `${shown(step.result.holdout.value, step)}, ${divergenceCell(step)}`;
  return mark ? `${own}<br>ORT ${small(mark.divergence)} (${mark.ratio.toFixed(2)})` : own;
}

/** Where the figures come from: one line for each machine and set of versions. */
function origin(all: readonly Figures[]): string {
  const steps = all.flatMap((figures) => Object.values(figures.steps));
  const machines = new Set(steps.map(({ machine }) => `${machine.cpu} (${machine.cores} cores, one used)`));
  const versions = new Set(
    steps.map(({ versions: known }) =>
      Object.entries(known)
        .map((pair) => pair.join(' '))
        .join(', '),
    ),
  );
  const dates = steps.map(({ date }) => date.slice(0, 10)).sort();
  const days = new Set([dates[0], dates[dates.length - 1]]);
  const noisy = steps.some(({ latency }) => latency.noisy) ? '; some timings are noisy (figures/*.json say which)' : '';
  return `\`npx tsx bench/results/run.ts\` on ${[...machines].join('; ')}, ${[...days].join(' to ')}, ${[...versions].join('; ')}${noisy}.`;
}

function shown(value: number, { metric }: StepFigures): string {
  return metricValue(value, metric.share);
}

function shownLoss(value: number, { metric }: StepFigures): string {
  return metricLoss(value, metric.share);
}

function speedUp({ latency }: StepFigures): string {
  return `${(1 / latency.ratio).toFixed(2)}x`;
}

/** Two significant digits, without the leading zero that divergences share. */
function small(value: number): string {
  if (value === 0) return '0';
  const digits = Math.max(0, 1 - Math.floor(Math.log10(value)));
  return value.toFixed(digits).replace(/^0\./, '.');
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, header.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
