/** Figures as Markdown. */
import { duration, metricLoss, metricValue } from '../../src/report/format.js';
import type { Report } from '../../src/report/schema.js';
import { countedFormats, NONE, origin, table } from '../markdown.js';
import type { Figures, RunFigures, StepFigures } from './figures.js';

/** All tables of the README's comparison; figures without a single step are left out. */
export function renderSearches(all: readonly Figures[]): string {
  const measured = all.filter(({ steps }) => Object.keys(steps).length > 0);
  if (measured.length === 0) throw new Error('nothing has been measured yet: run bench/searches/run.ts');
  const steps = measured.flatMap((figures) => Object.values(figures.steps));
  return [
    origin('npx tsx bench/searches/run.ts', steps),
    plansTable(measured),
    PLANS_LEGEND,
    profilesTable(measured),
    PROFILES_LEGEND,
  ].join('\n\n');
}

const PLANS_LEGEND = [
  'Speed-up with its 95 % interval: float’s time over the plan’s, batch 1; float and the plans of a row ran interleaved.',
  'Accuracy in points of 100, on holdout samples that decided nothing, ± half of the 95 % interval; in brackets the',
  'float model’s on the same samples, and what was lost with its paired interval. A floor is not resolved where it is',
  'finer than the selection samples can tell. Uniform: the fastest format that holds the floor everywhere, else the',
  'fastest. Plans share what was measured before, so evaluations are told and not seconds.',
].join('\n');

const PROFILES_LEGEND = [
  'What the frontier knows of time: seconds that profiling takes when nothing is known and when all is, and how far',
  'predicted latencies were off on plans that the prediction was not fitted to, with the share of pairs more than 5 %',
  'apart that it puts in the right order. Faster in float: units that the frontier leaves in float whatever the floor,',
  'for quantizing them costs more time than it saves; measured, its plan takes so much less time than the same plan with',
  'them quantized.',
].join('\n');

function plansTable(all: readonly Figures[]): string {
  const rows = all.flatMap(({ model, steps }) =>
    Object.entries(steps).map(([keep, step]) => [
      model,
      keep,
      uniformCell(step),
      runCell(step, step.bisection),
      runCell(step, step.frontier),
    ]),
  );
  return table(['model', '`--keep`', 'uniform', 'bisection', 'frontier'], rows);
}

/** The fastest uniform plan of those that hold the floor, else of all. */
function uniformCell(step: StepFigures): string {
  const all = Object.values(step.uniform);
  const holding = all.filter(({ floor }) => floor.status !== 'not-held');
  const [best] = [...(holding.length > 0 ? holding : all)].sort((a, b) => a.latency.ratio - b.latency.ratio);
  return best ? planLines(step, best).join('<br>') : NONE;
}

function runCell(step: StepFigures, run: RunFigures): string {
  const { evaluations } = run.search;
  return [...planLines(step, run), `${evaluations} evaluation${evaluations === 1 ? '' : 's'}`].join('<br>');
}

function planLines(step: StepFigures, { latency, result, pairedLoss, formats, floor }: RunFigures): readonly string[] {
  const { share } = step.metric;
  const { value, low, high } = result.holdout;
  const float = metricValue(step.float.holdout.value, share);
  const accuracy = `${metricValue(value, share)} ± ${metricValue((high - low) / 2, share)} (${float})`;
  const { holdout } = pairedLoss;
  const lost = `lost ${metricLoss(holdout.value, share)} [${metricLoss(holdout.low, share)}, ${metricLoss(holdout.high, share)}]`;
  const speed = `**${speedUp(latency.ratio)}x** [${speedUp(latency.high)}, ${speedUp(latency.low)}]`;
  const status = STATUS[floor.status];
  return [speed, accuracy, lost, countedFormats(formats), ...(status ? [status] : [])];
}

const STATUS: Readonly<Record<Report['floor']['status'], string>> = {
  held: '',
  'not-held': '*floor not held*',
  'not-resolved': '*floor not resolved*',
};

function speedUp(ratio: number): string {
  return (1 / ratio).toFixed(2);
}

function profilesTable(all: readonly Figures[]): string {
  const rows = all.map(({ model, steps }) => {
    const measured = Object.entries(steps);
    const profiled = (before: boolean) =>
      measured.filter(([, step]) => step.profiledBefore === before).map(([, step]) => profilingTime(step));
    return [
      model,
      shortest(profiled(false)),
      shortest(profiled(true)),
      predictionCell(measured.map(([, step]) => step)),
      measured.flatMap(([keep, step]) => sparedLine(keep, step)).join('<br>') || 'none',
    ];
  });
  return table(['model', 'profiling', 'again', 'prediction off by', 'faster in float'], rows);
}

function profilingTime({ frontier }: StepFigures): number {
  return frontier.stages.find(({ name }) => name === 'profile')?.seconds ?? 0;
}

function shortest(seconds: readonly number[]): string {
  return seconds.length > 0 ? duration(Math.min(...seconds)) : NONE;
}

function predictionCell(steps: readonly StepFigures[]): string {
  const prediction = steps.map(({ frontier }) => frontier.prediction).find((known) => known !== undefined);
  if (!prediction) return NONE;
  const { median, p95, ordered, plans } = prediction;
  return `${percent(median)} at the median, ${percent(p95)} at the 95th (${plans} plans); ${percent(ordered, 0)} in order`;
}

function sparedLine(keep: string, { spared }: StepFigures): readonly string[] {
  if (!spared) return [];
  const units = `${spared.units.length} unit${spared.units.length === 1 ? '' : 's'} at ${keep}`;
  if (!spared.won) return [units];
  const { ratio, low, high } = spared.won;
  return [`${units}: ${percent(1 - ratio)} [${percent(1 - high)}, ${percent(1 - low)}]`];
}

function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}
