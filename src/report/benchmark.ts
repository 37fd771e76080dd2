import type { BenchResult } from '../runtime/bench-result.js';
import { bytes, ending, significant, table, wrapped } from './format.js';

/** A combination of batch and threads in which the models cannot run, and why. */
export interface Refused {
  readonly batch: number;
  readonly threads: number;
  readonly refused: string;
}

/** One run for each combination of batch and threads, in the order asked for. */
export type Benchmark = readonly (BenchResult | Refused)[];

const WIDTH = 80;
const NAME = 18;

/** Timings for a terminal of 80 columns: a table for every combination, and a summary where there are several. */
export function printBenchmark(benchmark: Benchmark): string {
  const runs = benchmark.map((run) => ('refused' in run ? printRefused(run) : printRun(run)));
  return `${[...runs, summary(benchmark)].filter((block) => block !== '').join('\n\n')}\n`;
}

function printRefused({ batch, threads, refused }: Refused): string {
  return `${circumstances({ batch, threads })}\n\n  not measured: ${refused}`;
}

function printRun(run: BenchResult): string {
  const { models, ratios } = run;
  const several = models.length > 1;
  const rows = models.map((model, i) => [
    ending(model.path, NAME),
    significant(model.medianMs),
    ...(several ? [ratioOf(ratios[i - 1])] : [significant(model.minMs)]),
    ...rest(model),
  ]);
  const head = ['model', 'ms', several ? 'ratio (95 %)' : 'min', ...(run.runtime === undefined ? [] : OWN_COLUMNS)];
  return [title(run), '', table([head, ...rows]), ...warnings(run)].join('\n');
}

/** What only this machine can tell. */
const OWN_COLUMNS = ['/s', 'open ms', 'peak'];

function rest({ samplesPerSecond, openMs, peakBytes }: BenchResult['models'][number]): readonly string[] {
  if (samplesPerSecond === undefined || openMs === undefined || peakBytes === undefined) return [];
  return [significant(samplesPerSecond), significant(openMs), bytes(peakBytes)];
}

function title(run: BenchResult): string {
  const rounds = `${run.rounds}${run.models.length > 1 ? ' interleaved' : ''} rounds`;
  if (run.runtime === undefined) return `measured by ${ending(run.provider, 44)}; ${rounds}`;
  return `${run.runtime}, ${run.provider}, ${circumstances(run)}; ${rounds}`;
}

function circumstances({ batch = 1, threads = 1 }: { readonly batch?: number; readonly threads?: number }): string {
  return `${threads} thread${threads === 1 ? '' : 's'}, batch ${batch}`;
}

/** The first model is what the others are held against. */
function ratioOf(ratio: BenchResult['ratios'][number] | undefined): string {
  if (!ratio) return '1';
  return `${significant(ratio.ratio)} (${significant(ratio.low)} .. ${significant(ratio.high)})`;
}

function warnings({ noisy, spread, models, ratios }: BenchResult): readonly string[] {
  if (!noisy) return [];
  const undecided = ratios.filter(({ low, high }) => low <= 1 && high >= 1).map(({ path }) => ending(path, NAME));
  const what = models.length > 1 ? 'trust the ratios before the times' : 'the time is a rough one';
  return [
    '',
    ...wrapped(
      `the machine was restless: half of the times spread over ${percent(spread)} of their median; ${what}`,
      WIDTH,
    ),
    ...undecided.map((name) => `too restless to say whether ${name} is faster`),
  ];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

/** Samples a second of each model in each combination. */
function summary(benchmark: Benchmark): string {
  const runs = benchmark.filter((run): run is BenchResult => !('refused' in run));
  if (runs.length < 2) return '';
  const rows = runs.map((run) => [
    `${run.threads ?? ''}`,
    `${run.batch ?? ''}`,
    ...run.models.slice(0, MOST_COLUMNS).map(({ samplesPerSecond = 0 }) => significant(samplesPerSecond)),
  ]);
  const names = runs[0].models.slice(0, MOST_COLUMNS).map(({ path }) => ending(path, COLUMN));
  return `samples a second\n\n${table([['threads', 'batch', ...names], ...rows])}`;
}

/** As many as fit beside threads and batch. */
const MOST_COLUMNS = 3;
const COLUMN = 18;
