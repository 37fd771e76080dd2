/** Figures as Markdown. */

import { metricValue } from '../../src/report/format.js';
import { NONE, origin, table } from '../markdown.js';
import type { Figures, StepFigures } from './figures.js';
import { MARKS } from './peers.js';

const METHODS = ['min-max', 'percentile', 'entropy', 'mse'] as const;
const OTHERS = ['w4a8', 'w8a8-dynamic', 'w4', 'w8'] as const;

/** All tables of the README's results; figures without a single step are left out. */
export function renderResults(all: readonly Figures[]): string {
  const measured = all.filter(({ steps }) => Object.keys(steps).length > 0);
  if (measured.length === 0) throw new Error('nothing has been measured yet: run bench/results/run.ts');
  return [
    origin('npx tsx bench/results/run.ts', measured.flatMap(({ steps }) => Object.values(steps)).map(disturbed)),
    bestTable(measured),
    BEST_LEGEND,
    methodsTable(measured),
    METHODS_LEGEND,
    othersTable(measured),
    OTHERS_LEGEND,
  ].join('\n\n');
}

const BEST_LEGEND = [
  'Accuracy in points of 100, on samples that decided nothing. Speed-up: float’s time over the model’s, batch 1, run',
  'interleaved. The best uniform `w8a8` is the calibration method of least KL on the very samples shown, so that column',
  'is a little optimistic; on the ImageNet models so are the methods themselves, whose constants were settled on some of',
  'these images (docs/adr/0052).',
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

function bestTable(all: readonly Figures[]): string {
  const rows = all.map(({ model, steps }) => [model, floatCell(steps), bestCell(steps)]);
  return table(['model', 'float', 'best uniform `w8a8`'], rows);
}

function floatCell(steps: Figures['steps']): string {
  const [any] = Object.values(steps);
  return shown(any.float.holdout.value, any);
}

function bestCell(steps: Figures['steps']): string {
  const methods = METHODS.filter((method) => steps[`w8a8 ${method}`]);
  if (methods.length === 0) return NONE;
  const divergence = (method: string) => steps[`w8a8 ${method}`].divergence.holdout;
  const best = methods.reduce((least, method) => (divergence(method) < divergence(least) ? method : least));
  const step = steps[`w8a8 ${best}`];
  return `${shown(step.result.holdout.value, step)}, **${speedUp(step)}**<br>${best}, KL ${small(divergence(best))}`;
}

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

function disturbed(step: StepFigures) {
  return { ...step, noisy: step.latency.noisy };
}

function shown(value: number, { metric }: StepFigures): string {
  return metricValue(value, metric.share);
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
