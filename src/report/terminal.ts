import {
  bytes,
  duration,
  ending,
  facts,
  metricLoss,
  metricValue,
  milliseconds,
  significant,
  table,
  wrapped,
} from './format.js';
import type { Report } from './schema.js';

const WIDTH = 80;
const LISTED_UNITS = 10;

/** The summary of a run for a terminal of 80 columns. */
export function printReport(report: Report): string {
  const blocks = [headline(report), accuracy(report), units(report), candidates(report), run(report), warnings(report)];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function headline(report: Report): string {
  const { latency, size } = report;
  const ratio = `ratio ${significant(latency.ratio)} (${significant(latency.low)} .. ${significant(latency.high)})`;
  return [
    facts([
      [
        latency.estimated ? 'estimate' : 'latency',
        `${milliseconds(latency.floatMs)} -> ${milliseconds(latency.resultMs)}`,
        speed(latency.ratio),
      ],
      ['size', `${bytes(size.floatBytes)} -> ${bytes(size.resultBytes)}`, ''],
      ['floor', report.floor.asked, STATUS[report.floor.status]],
    ]),
    ...indented(`${ratio}; ${where(latency)}`),
    `  ${resolution(report)}`,
  ].join('\n');
}

function where({ threads, batch = 1, provider, estimated }: Report['latency']): string {
  if (estimated) return `estimated for ${provider}`;
  if (threads === undefined) return `measured by ${provider}`;
  return `${threads} thread${threads === 1 ? '' : 's'}, batch ${batch}, ${provider}`;
}

const STATUS = {
  held: 'held',
  'not-held': 'NOT HELD',
  'not-resolved': 'floor not resolved by this data',
} as const;

function speed(ratio: number): string {
  if (ratio.toFixed(2) === '1.00') return 'as fast as float';
  return ratio <= 1 ? `${(1 / ratio).toFixed(2)}x faster` : `${ratio.toFixed(2)}x slower`;
}

function resolution({ floor, metric, float }: Report): string {
  if (floor.judged === 'kl') return `mean KL to float may be ${significant(floor.allowed)} nats`;
  const share = metric.share;
  const unit = share ? ' pt' : '';
  const allowed = metricPrecise(floor.allowed, share);
  const resolved = metricPrecise(floor.resolves, share);
  return `may lose ${allowed}${unit} of ${metric.name}; ${float.selection.samples} selection samples resolve ${resolved}${unit}`;
}

function accuracy(report: Report): string {
  const share = report.metric.share;
  const figure = (part: Report['float']['holdout']) =>
    `${metricValue(part.value, share)} (${metricValue(part.low, share)} .. ${metricValue(part.high, share)})`;
  const loss = (part: Report['pairedLoss']['holdout']) =>
    `${metricLoss(part.value, share)} (${metricLoss(part.low, share)} .. ${metricLoss(part.high, share)})`;
  const row = (name: string, show: (part: 'selection' | 'holdout') => string) => [
    name,
    show('selection'),
    show('holdout'),
  ];
  return table([
    [report.metric.name, 'selection (95 %)', 'holdout (95 %)'],
    row('float', (part) => figure(report.float[part])),
    row('result', (part) => figure(report.result[part])),
    row('loss', (part) => loss(report.pairedLoss[part])),
    row('KL', (part) => significant(report.divergence[part])),
    row('samples', (part) => String(report.result[part].samples)),
  ]);
}

function units(report: Report): string {
  const counts = Object.entries(report.formats).map(([format, count]) => `${count} ${format}`);
  const float = report.units.filter((unit) => unit.format === 'float');
  const reasons = [...new Set(float.map((unit) => unit.reason))];
  const left = reasons.flatMap((reason) =>
    leftInFloat(
      reason,
      float.filter((unit) => unit.reason === reason),
    ),
  );
  return [`  ${report.units.length} unit${report.units.length === 1 ? '' : 's'}: ${counts.join(', ')}`, ...left].join(
    '\n',
  );
}

/** Why units stay float; the most sensitive of them by name where that was the reason. */
function leftInFloat(reason: string, units: Report['units']): readonly string[] {
  const ranked = units.filter((unit) => unit.sensitivity !== undefined);
  const worst = ranked.toSorted((a, b) => (b.sensitivity ?? 0) - (a.sensitivity ?? 0)).slice(0, LISTED_UNITS);
  const rows = worst.map(({ name, op, sensitivity }) => [ending(name, 44), op, significant(sensitivity ?? 0)]);
  const more = ranked.length > worst.length ? [`      and ${ranked.length - worst.length} less sensitive`] : [];
  const title = wrapped(`${units.length} float: ${reason}`, WIDTH - 4).map((line) => `    ${line}`);
  return [
    ...title,
    ...(rows.length > 0 ? [table([['unit', 'operator', 'sensitivity'], ...rows], '      ')] : []),
    ...more,
  ];
}

function candidates(report: Report): string {
  if (report.candidates.length < 2) return '';
  const { judged } = report.floor;
  const lossOf = (loss: number) => (judged === 'kl' ? significant(loss) : metricLoss(loss, report.metric.share));
  const rows = report.candidates.map((candidate) => [
    candidate.name,
    candidate.holds ? 'holds' : 'misses',
    lossOf(candidate.loss),
    significant(candidate.divergence),
    candidate.medianMs === undefined ? 'not timed' : milliseconds(candidate.medianMs),
  ]);
  return table([['tried', 'floor', 'loss', 'KL', 'latency'], ...rows]);
}

function run({ search, peakMemoryBytes, output, prediction }: Report): string {
  const how = search.method === 'none' ? '' : `${search.method} by ${search.ranker}: `;
  const { samplesRecalled: recalled = 0 } = search;
  const known = recalled > 0 ? ` (${recalled} known from before)` : '';
  const cost = `${search.evaluations} evaluations, ${search.samplesRun} samples${known}, ${duration(search.wallSeconds)}, ${bytes(peakMemoryBytes)}`;
  return [
    ...indented(`${how}${search.reason}`),
    `  ranges by ${search.calibration}; ${cost}`,
    ...predicted(prediction),
    ...indented(`wrote ${output.folder}: ${output.model}, plan.json, report.json`),
  ].join('\n');
}

function predicted(prediction: Report['prediction']): readonly string[] {
  if (!prediction) return [];
  const { ratio, median, p95, plans } = prediction;
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const error = `off by ${percent(median)} at the median and ${percent(p95)} at the 95th percentile`;
  return indented(`predicted ratio ${significant(ratio)}; on ${plans} plans it was not fitted to: ${error}`);
}

function warnings(report: Report): string {
  return report.warnings.flatMap((warning) => indented(`warning: ${warning}`)).join('\n');
}

function metricPrecise(value: number, share: boolean): string {
  return share ? (100 * value).toFixed(2) : significant(value);
}

function indented(text: string): readonly string[] {
  return wrapped(text, WIDTH - 2).map((line) => `  ${line}`);
}
