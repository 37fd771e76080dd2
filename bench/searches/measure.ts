/** One step: a model at a floor by both searches and uniformly, and all models that came of it timed in turns with float. */
import { execFileSync } from 'node:child_process';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hashFile } from '../../src/kernel/hash-file.js';
import type { Observer } from '../../src/kernel/observer.js';
import type { QuantizeOptions } from '../../src/options.js';
import { prepareSome } from '../../src/pipeline/open/open-data.js';
import { floatModel, openModel } from '../../src/pipeline/open/open-model.js';
import { TIMED_SAMPLES, timedFeeds } from '../../src/pipeline/profile/timed-feeds.js';
import { type QuantizeResult, quantize } from '../../src/pipeline/quantize.js';
import { reasonSpared } from '../../src/pipeline/result/unit-lines.js';
import { isFormat } from '../../src/quantize/formats.js';
import type { Report } from '../../src/report/schema.js';
import { bench as timeInTurns } from '../../src/runtime/bench.js';
import type { BenchResult } from '../../src/runtime/bench-result.js';
import type { FeedSource } from '../../src/runtime/feeds.js';
import { type Case, readingOf, type Sets } from '../cases.js';
import type { RunFigures, StepFigures } from './figures.js';
import { firstTime } from './first-time.js';
import { type StageTime, timingStages } from './stages.js';

/** As bench/results: one thread, one sample. */
const THREADS = 1;
/** Of one comparison: the ratios of small models are known to 2 % well before. */
const TIMING_MS = 12_000;
/** Of a model that is asked for, not searched for: its time decides nothing. */
const UNTIMED = { measureWith: fileURLToPath(new URL('./untimed.ts', import.meta.url)) };

/** What the steps of one model share. */
export interface Bench {
  readonly subject: Case;
  /** For files that are gone afterwards. */
  readonly folder: string;
  /** Results that all steps share, from run to run. */
  readonly cache: string;
  readonly sets: Sets;
  /** The float model's file, and what models are fed when they are timed. */
  readonly float: string;
  readonly feeds: FeedSource;
  readonly observer: Observer;
  readonly signal: AbortSignal;
}

export type Surroundings = Pick<Bench, 'folder' | 'cache' | 'observer' | 'signal'>;

export async function createBench(subject: Case, surroundings: Surroundings): Promise<Bench> {
  const { folder, observer, signal } = surroundings;
  const sets = await subject.plan(join(folder, 'parts'));
  const source = await openModel(subject.model, observer);
  const data = sets.selection ?? sets.data;
  if (data === undefined) throw new Error(`${subject.name} has no samples to be timed on`);
  const request = { ...readingOf(subject), data, samples: TIMED_SAMPLES, seed: 0 };
  const { source: feeds } = await timedFeeds(await prepareSome(request, source, join(folder, 'timed'), signal));
  return { ...surroundings, subject, sets, float: await floatModel(source, folder).file(), feeds };
}

export async function measureStep(bench: Bench, keep: string, command: string): Promise<StepFigures> {
  const [load] = loadavg();
  const started = performance.now();
  const bisection = await made(bench, 'bisection', { keep, search: 'bisection' });
  const profiledBefore = !firstTime(bench.cache, bench.subject.name);
  const frontier = await made(bench, 'frontier', { keep, search: 'frontier' });
  const uniform = await uniformly(bench, keep, frontier);
  const timed = await timeAll(bench, [...uniform.values(), bisection, frontier]);
  const spared = await sparedUnits(bench, keep, frontier, fastest([...uniform.values()], timed));
  const figures = (one: Made) => figuresOf(one, timed, bench.folder);
  const { machine, versions, metric, samples, float } = frontier.done.report;
  return {
    command,
    date: new Date().toISOString(),
    commit: commit(),
    seconds: (performance.now() - started) / 1000,
    load,
    ...{ machine, versions, metric, samples, float },
    ...timed.circumstances,
    profiledBefore,
    uniform: Object.fromEntries([...uniform].map(([format, one]) => [format, figures(one)])),
    bisection: figures(bisection),
    frontier: figures(frontier),
    ...(spared && { spared }),
  };
}

/** A model that `quantize` made. */
interface Made {
  readonly path: string;
  /** Of the file's content: equal plans give equal files. */
  readonly hash: string;
  readonly done: QuantizeResult;
  readonly stages: readonly StageTime[];
}

async function made(bench: Bench, name: string, asked: Partial<QuantizeOptions>): Promise<Made> {
  const { subject, sets, folder, cache, observer, signal } = bench;
  const out = join(folder, name);
  const options = { ...readingOf(subject), ...sets, ...asked, threads: THREADS, out, overwrite: true, cache };
  const timer = timingStages(observer);
  const done = await quantize(options, timer.observer, { signal });
  const path = join(out, 'model.onnx');
  return { path, hash: await hashFile(path), done, stages: timer.stages() };
}

const UNIFORM = /^uniform (.+)$/;

/** A model for each uniform plan that may be the fastest, by its format. */
async function uniformly(bench: Bench, keep: string, { done }: Made): Promise<ReadonlyMap<string, Made>> {
  const models = new Map<string, Made>();
  for (const { name } of fastestUniform(done.report.candidates)) {
    const format = UNIFORM.exec(name)?.[1];
    if (format === undefined || !isFormat(format)) continue;
    models.set(format, await made(bench, `uniform-${format}`, { keep, uniform: format, ...UNTIMED }));
  }
  return models;
}

/** The search timed uniform plans that hold the floor, so the fastest of them is known; where none holds, all may be. */
function fastestUniform(candidates: Report['candidates']): Report['candidates'] {
  const uniform = candidates.filter(({ name }) => UNIFORM.test(name));
  const timed = uniform.filter(({ ratio }) => ratio !== undefined);
  return timed.length > 0 ? timed.sort((a, b) => (a.ratio ?? 1) - (b.ratio ?? 1)).slice(0, 1) : uniform;
}

interface Times {
  readonly latency: (one: Made) => RunFigures['latency'];
  readonly circumstances: Pick<StepFigures, 'floatMs' | 'rounds' | 'spread' | 'noisy'>;
}

/** Float and all models in turns; equal models once. */
async function timeAll(bench: Bench, all: readonly Made[]): Promise<Times> {
  const paths = new Map(all.map(({ hash, path }) => [hash, path]));
  const { models, ratios, rounds, spread, noisy } = await time(bench, [bench.float, ...paths.values()]);
  const byHash = new Map(
    [...paths.keys()].map((hash, i) => {
      const { ratio, low, high } = ratios[i];
      return [hash, { medianMs: models[i + 1].medianMs, ratio, low, high }];
    }),
  );
  return {
    latency({ hash, path }) {
      const found = byHash.get(hash);
      if (!found) throw new Error(`${path} was not timed`);
      return found;
    },
    circumstances: { floatMs: models[0].medianMs, rounds, spread, noisy },
  };
}

function time({ feeds, signal }: Bench, models: readonly string[]): Promise<BenchResult> {
  return timeInTurns(models, { feeds, threads: THREADS, budgetMs: TIMING_MS, signal });
}

/** The fastest of those that hold the floor, else of all. */
function fastest(models: readonly Made[], { latency }: Times): Made | undefined {
  const holding = models.filter(({ done }) => done.report.floor.status !== 'not-held');
  const among = holding.length > 0 ? holding : models;
  return [...among].sort((a, b) => latency(a).ratio - latency(b).ratio)[0];
}

/** Units that the frontier left in float as faster there, and its plan's time over the same plan with them quantized. */
async function sparedUnits(
  bench: Bench,
  keep: string,
  frontier: Made,
  uniform: Made | undefined,
): Promise<StepFigures['spared']> {
  const { report, plan } = frontier.done;
  const spared = report.units.filter(({ format, reason }) => format === 'float' && reason === reasonSpared(format));
  if (spared.length === 0) return undefined;
  const units = spared.map(({ name }) => name);
  const elsewhere = uniform?.done.plan.units ?? {};
  const changed = units.filter((name) => (elsewhere[name] ?? 'float') !== 'float');
  if (changed.length === 0) return { units };
  const formats = { ...plan.units, ...Object.fromEntries(changed.map((name) => [name, elsewhere[name]])) };
  const force = Object.entries(formats).map(([name, format]) => `${name}=${format}`);
  // Every unit is fixed, so the uniform format asked for is nobody's: it only says that nothing is searched.
  const quantized = await made(bench, 'spared-quantized', { keep, uniform: 'float', force, ...UNTIMED });
  const { ratios, noisy } = await time(bench, [quantized.path, frontier.path]);
  const [{ ratio, low, high }] = ratios;
  return { units, won: { ratio, low, high, noisy } };
}

/** What of a report is kept; paths below `folder`, whose name is random, are shortened. */
function figuresOf(one: Made, { latency }: Times, folder: string): RunFigures {
  const { floor, result, pairedLoss, divergence, formats, units, candidates, search, prediction, warnings } =
    one.done.report;
  return {
    ...{ floor, result, pairedLoss, divergence, formats, candidates, search },
    ...(prediction && { prediction }),
    left: units.filter(({ format }) => format === 'float'),
    warnings: warnings.map((warning) => warning.replaceAll(`${folder}/`, '')),
    stages: [...one.stages],
    latency: latency(one),
  };
}

/** `3f2ead4`, with `+` where what is measured differs from it. */
function commit(): string {
  const git = (...words: readonly string[]) => execFileSync('git', words, { encoding: 'utf8' }).trim();
  return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', '--', 'src') === '' ? '' : '+'}`;
}
