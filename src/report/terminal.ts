import {
  bytes,
  duration,
  facts,
  metricLoss,
  metricValue,
  milliseconds,
  shortened,
  significant,
  table,
  wrapped,
} from './format.js';
import type { Report } from './schema.js';

const WIDTH = 80;
const LISTED_LINES = 16;

/** The summary of a run for a terminal of 80 columns. */
export function printReport(report: Report): string {
  const blocks = [headline(report), accuracy(report), units(report), candidates(report), run(report), warnings(report)];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function headline(report: Report): string {
  const { latency, size } = report;
  const ratio = `ratio ${significant(latency.ratio)} (${significant(latency.low)} .. ${significant(latency.high)})`;
  const where = `${latency.threads} thread${latency.threads === 1 ? '' : 's'}, batch ${latency.batch}, ${latency.provider}`;
  return [
    facts([
      ['latency', `${milliseconds(latency.floatMs)} -> ${milliseconds(latency.resultMs)}`, speed(latency.ratio)],
      ['size', `${bytes(size.floatBytes)} -> ${bytes(size.resultBytes)}`, ''],
      ['floor', report.floor.asked, STATUS[report.floor.status]],
    ]),
    `  ${ratio}; ${where}`,
    `  ${resolution(report)}`,
  ].join('\n');
}

const STATUS = {
  held: 'held',
  'not-held': 'NOT HELD',
  'not-resolved': 'floor not resolved by this data',
} as const;

function speed(ratio: number): string {
  return ratio <= 1 ? `${(1 / ratio).toFixed(2)}x faster` : `${ratio.toFixed(2)}x slower`;
}

function resolution({ floor, metric, float }: Report): string {
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
  const row = (part: 'selection' | 'holdout') => [
    part,
    figure(report.float[part]),
    figure(report.result[part]),
    loss(report.pairedLoss[part]),
    significant(report.divergence[part]),
    String(report.result[part].samples),
  ];
  return table([[report.metric.name, 'float', 'result', 'loss (95 %)', 'KL', 'n'], row('selection'), row('holdout')]);
}

function units(report: Report): string {
  const counts = Object.entries(report.formats).map(([format, count]) => `${count} ${format}`);
  const float = report.units.filter((unit) => unit.format === 'float');
  const reasons = new Set(float.map((unit) => unit.reason));
  const left = [...reasons].flatMap((reason) =>
    leftInFloat(
      reason,
      float.filter((unit) => unit.reason === reason),
    ),
  );
  const shown = left.slice(0, LISTED_LINES);
  const more = left.length > shown.length ? [`    ... all units in report.json`] : [];
  return [`  ${report.units.length} units: ${counts.join(', ')}`, ...shown, ...more].join('\n');
}

/** One line a unit with a reason of its own; one for all that share theirs. */
function leftInFloat(reason: string, units: Report['units']): readonly string[] {
  const [{ name, op }] = units;
  const who = units.length === 1 ? `${shortened(name, 30)} (${op})` : `${units.length} units`;
  return wrapped(`float: ${who}: ${reason}`, WIDTH - 4).map((line, i) => `    ${i > 0 ? '  ' : ''}${line}`);
}

function candidates(report: Report): string {
  if (report.candidates.length < 2) return '';
  const share = report.metric.share;
  const rows = report.candidates.map((candidate) => [
    candidate.name,
    candidate.holds ? 'holds' : 'misses',
    metricLoss(candidate.loss, share),
    significant(candidate.divergence),
    candidate.medianMs === undefined ? 'not timed' : milliseconds(candidate.medianMs),
  ]);
  return table([['tried', 'floor', 'loss', 'KL', 'latency'], ...rows]);
}

function run({ search, peakMemoryBytes, output }: Report): string {
  const how = `${search.method} by ${search.ranker}, ranges by ${search.calibration}`;
  const cost = `${search.evaluations} evaluations, ${search.samplesRun} samples, ${duration(search.wallSeconds)}, ${bytes(peakMemoryBytes)}`;
  return [how, cost, `wrote ${output.folder}: ${output.model}, plan.json, report.json`]
    .map((line) => `  ${line}`)
    .join('\n');
}

function warnings(report: Report): string {
  return report.warnings
    .flatMap((warning) => wrapped(`warning: ${warning}`, WIDTH - 2).map((line) => `  ${line}`))
    .join('\n');
}

function metricPrecise(value: number, share: boolean): string {
  return share ? (100 * value).toFixed(2) : significant(value);
}
