import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PreparedSet, Sample } from '../data/dataset.js';
import type { Padding } from '../data/metric.js';
import { readPrepared, readSample } from '../data/prepared.js';
import { signature } from '../evaluate/batches.js';
import { together } from '../evaluate/together.js';
import { openWeightStore, type WeightStore } from '../onnx/weight-store.js';
import { type Executor, jobBeside } from '../runtime/job.js';
import { type DerivedProgram, deriveFor, fittingBatch, type Subject, writeProgram } from './derived-programs.js';
import type { EstimateEvent, EstimateInput, EstimateTask } from './estimate-job.js';
import type { Batch, Estimator, ProgramFile } from './estimator.js';
import { type MeanEstimate, meanOf } from './means.js';
import { nonFiniteDerivative } from './non-finite.js';

const ESTIMATE_JOB = jobBeside<EstimateInput, void, EstimateEvent>('./estimate-job', import.meta.url);

/** What one probe of one batch is of, and gave. */
export interface ProbeRow {
  readonly samples: readonly number[];
  readonly probe: number;
  /** By output of the estimator's program: a sum over the samples. */
  readonly values: Readonly<Record<string, number>>;
}

/** The connection to whatever keeps rows. They depend on model, set, estimator, seed and threads beside this. */
export interface ProbeMemory {
  readonly recall?: (of: Omit<ProbeRow, 'values'>) => Promise<ProbeRow | undefined>;
  readonly record?: (row: ProbeRow) => Promise<void>;
}

export interface Precision {
  /** Relative standard error, by probes, at which no more are drawn. */
  readonly tolerance: number;
  /**
   * Nor are they where this share of the error across samples is left to them: more of them would not tell more of other
   * samples.
   */
  readonly shareOfSampling: number;
  /** Probes of each batch, at most. */
  readonly mostProbes: number;
  /** Time after which none is begun. */
  readonly seconds?: number;
}

/** Figures: ADR 0130. */
export const DEFAULT_PRECISION: Precision = { tolerance: 0.05, shareOfSampling: 0.5, mostProbes: 32 };

export interface EstimateSettings extends ProbeMemory {
  readonly seed: number;
  readonly padding?: Padding;
  readonly precision?: Precision;
  /** Bytes that all workers may take together. */
  readonly memory?: number | undefined;
  readonly onProgress?: (done: number, total: number, recalled: number) => void;
  /** Told of runs that were not recalled: samples times probes. */
  readonly ran?: (samples: number) => void;
  readonly signal?: AbortSignal;
}

export interface Estimates {
  /** By output of the estimator's program: means over the samples. */
  readonly means: ReadonlyMap<string, MeanEstimate>;
  readonly samples: number;
  /** Probes of each batch. */
  readonly probes: number;
  /** The largest standard error by probes, relative to its mean. */
  readonly worst: number;
  /** Why no more probes were drawn. */
  readonly reason: 'exact' | 'tolerance' | 'samples' | 'probes' | 'seconds';
}

/**
 * Estimates means over the samples of a set: rounds of one probe for each batch, until all of them are known well enough
 * or the budget is spent. Rows depend on neither; so a larger budget goes on where a smaller one ended.
 */
export async function estimate(
  executor: Executor,
  subject: Subject,
  estimator: Estimator,
  set: PreparedSet,
  settings: EstimateSettings,
): Promise<Estimates> {
  const folder = await mkdtemp(join(tmpdir(), 'bitloom-derived-'));
  const weights = await openWeightStore(join(folder, 'weights.bin'));
  try {
    const site: Site = { executor, subject, estimator, set, settings, folder, weights };
    return await inRounds(site, await batchesOf(site));
  } finally {
    await weights.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Site {
  readonly executor: Executor;
  readonly subject: Subject;
  readonly estimator: Estimator;
  readonly set: PreparedSet;
  readonly settings: EstimateSettings;
  readonly folder: string;
  readonly weights: WeightStore;
}

interface Batches {
  readonly batches: readonly Batch[];
  readonly exactAfter: number;
  /** The programs' files, by shape; made when first asked for. */
  files(): Promise<readonly ProgramFile[]>;
  derived(program: number): Promise<DerivedProgram>;
}

/** Of a worker's memory for what a derived program's terms take: the rest is for kernels, Node.js and the samples. */
const SHARE_FOR_VALUES = 0.5;
const MEMORY = 4 * 2 ** 30;

async function batchesOf(site: Site): Promise<Batches> {
  const { subject, estimator, set, settings, executor } = site;
  const shapes = [...(await positionsByShape(set)).values()];
  const largest = await readSample(set, shapes[0][0]);
  const one = await deriveFor(subject, estimator, largest, 1);
  const { mostProbes } = settings.precision ?? DEFAULT_PRECISION;
  const exactAfter = estimator.exactAfter(one.layouts);
  const exact = exactAfter <= mostProbes;
  const share = ((settings.memory ?? MEMORY) / executor.workers) * SHARE_FOR_VALUES;
  const most = exact ? 1 : Math.min(estimator.mostTogether, fittingBatch(one, share));
  const known = new Map<number, Promise<DerivedProgram>>();
  const derived = (program: number): Promise<DerivedProgram> => {
    const positions = shapes[program];
    const found = known.get(program) ?? derivedFor(site, positions, Math.min(most, positions.length));
    known.set(program, found);
    return found;
  };
  const sizes = await Promise.all(shapes.map(async (_, i) => (most === 1 ? 1 : (await derived(i)).batch)));
  let files: Promise<readonly ProgramFile[]> | undefined;
  return {
    batches: shapes.flatMap((positions, program) => inBatches(positions, sizes[program], program)),
    exactAfter: sizes.every((size) => size === 1) ? exactAfter : Number.POSITIVE_INFINITY,
    derived,
    files: () => {
      files ??= writeAll(site, shapes.length, derived);
      return files;
    },
  };
}

async function derivedFor({ subject, estimator, set }: Site, positions: readonly number[], batch: number) {
  return deriveFor(subject, estimator, await readSample(set, positions[0]), batch);
}

async function writeAll({ folder, weights }: Site, count: number, derived: Batches['derived']) {
  const files: ProgramFile[] = [];
  for (let i = 0; i < count; i++) files.push(await writeProgram(await derived(i), folder, `derived-${i}`, weights));
  return files;
}

/** Positions of samples of each shape, the largest shape first. */
async function positionsByShape(set: PreparedSet): Promise<ReadonlyMap<string, readonly number[]>> {
  const found = new Map<string, { readonly bytes: number; readonly positions: number[] }>();
  let position = 0;
  for await (const sample of readPrepared(set)) {
    const key = signature(sample) ?? `alone ${position}`;
    const group = found.get(key) ?? { bytes: bytesOf(sample), positions: [] };
    group.positions.push(position++);
    found.set(key, group);
  }
  const bySize = [...found].sort(([, a], [, b]) => b.bytes - a.bytes);
  return new Map(bySize.map(([key, { positions }]) => [key, positions]));
}

function bytesOf({ inputs }: Sample): number {
  return Object.values(inputs).reduce((total, { bytes }) => total + bytes.length, 0);
}

function inBatches(positions: readonly number[], size: number, program: number): readonly Batch[] {
  return Array.from({ length: Math.ceil(positions.length / size) }, (_, i) => ({
    program,
    samples: positions.slice(i * size, (i + 1) * size),
  }));
}

/** Rounds that a spread can be told from. */
const FIRST_ROUNDS = 2;

async function inRounds(site: Site, made: Batches): Promise<Estimates> {
  const { settings } = site;
  const precision = settings.precision ?? DEFAULT_PRECISION;
  const started = performance.now();
  const results = made.batches.map((): Map<string, number>[] => []);
  let wanted = made.exactAfter <= precision.mostProbes ? made.exactAfter : Math.min(FIRST_ROUNDS, precision.mostProbes);
  for (let probes = 0; ; ) {
    await runRounds(site, made, { from: probes, to: wanted }, results);
    probes = wanted;
    const judged = judge(made, results, precision, probes);
    const late = precision.seconds !== undefined && performance.now() - started > 1000 * precision.seconds;
    if (judged.reason || late) return summary(site, judged, probes, judged.reason ?? 'seconds');
    wanted = Math.min(judged.wanted, 2 * probes, precision.mostProbes);
  }
}

interface Judged {
  readonly means: ReadonlyMap<string, MeanEstimate>;
  readonly worst: number;
  readonly wanted: number;
  readonly reason?: Estimates['reason'] | undefined;
}

/** Asked of every mean: the noise of a probe is common to all units, so none needs many more probes than the others. */
function judge(
  { batches, exactAfter }: Batches,
  results: readonly (readonly ReadonlyMap<string, number>[])[],
  { tolerance, shareOfSampling, mostProbes }: Precision,
  probes: number,
): Judged {
  const names = [...results[0][0].keys()];
  const means = new Map(
    names.map((name) => {
      const rows = batches.map(({ samples }, i) => ({
        samples: samples.length,
        totals: results[i].map((values) => values.get(name) ?? 0),
      }));
      return [name, meanOf(rows, exactAfter)] as const;
    }),
  );
  const known = [...means.values()].filter(({ mean }) => mean !== 0);
  const worst = Math.max(0, ...known.map(({ mean, standardError }) => standardError / Math.abs(mean)));
  const bySampling = Math.max(
    0,
    ...known.map((each) => each.standardError / (shareOfSampling * each.acrossSamples || Infinity)),
  );
  const over = Math.min(worst / tolerance, batches.length > 1 ? bySampling : Number.POSITIVE_INFINITY);
  const wanted = Math.max(probes + 1, Math.ceil(probes * over * over));
  return { means, worst, wanted, reason: reasonToStop() };

  function reasonToStop(): Judged['reason'] {
    if (probes >= exactAfter) return 'exact';
    if (worst <= tolerance) return 'tolerance';
    if (over <= 1) return 'samples';
    return probes >= mostProbes ? 'probes' : undefined;
  }
}

function summary({ set }: Site, { means, worst }: Judged, probes: number, reason: Estimates['reason']): Estimates {
  return { means, worst, samples: set.length, probes, reason };
}

interface Rounds {
  readonly from: number;
  readonly to: number;
}

/** Runs what is not known of these rounds, and adds all to `results`, by batch and probe. */
async function runRounds(
  site: Site,
  made: Batches,
  { from, to }: Rounds,
  results: readonly Map<string, number>[][],
): Promise<void> {
  const { settings } = site;
  const place = new Map(made.batches.map(({ samples }, i) => [samples.join(), i]));
  const put = ({ samples, probe, values }: ProbeRow) => {
    results[place.get(samples.join()) ?? 0][probe] = new Map(Object.entries(values));
  };
  const tasks: EstimateTask[] = [];
  let recalled = 0;
  for (const { program, samples } of made.batches) {
    for (let probe = from; probe < to; probe++) {
      settings.signal?.throwIfAborted();
      const row = await settings.recall?.({ samples, probe });
      if (row) put(row);
      else tasks.push({ program, samples, probe });
      recalled += row ? 1 : 0;
    }
  }
  if (tasks.length > 0) await runTasks(site, made, tasks, recalled, put);
}

async function runTasks(
  site: Site,
  made: Batches,
  tasks: readonly EstimateTask[],
  recalled: number,
  put: (row: ProbeRow) => void,
): Promise<void> {
  const { executor, settings, set } = site;
  const programs = await made.files();
  const keeping: Promise<void>[] = [];
  const broken = new AbortController();
  let bad: EstimateTask | undefined;
  let done = recalled;
  const onEvent = ({ task, values }: EstimateEvent) => {
    if (!values.every(Number.isFinite)) {
      bad ??= task;
      broken.abort(new RangeError('a derivative is not finite'));
      return;
    }
    const names = programs[task.program].outputs;
    const row = { ...task, values: Object.fromEntries(names.map((name, i) => [name, values[i]])) };
    put(row);
    settings.ran?.(task.samples.length);
    if (settings.record) keeping.push(settings.record(row).catch((error: unknown) => broken.abort(error)));
    settings.onProgress?.(++done, recalled + tasks.length, recalled);
  };
  const signals = settings.signal ? [settings.signal, broken.signal] : [broken.signal];
  const common = { programs, set, padding: settings.padding ?? {}, seed: settings.seed, threads: executor.threads };
  try {
    await together(AbortSignal.any(signals), (signal) =>
      shares(tasks, executor.workers).map((own) =>
        executor.run(ESTIMATE_JOB, { ...common, tasks: own }, { what: site.estimator.key, signal, onEvent }),
      ),
    );
  } catch (error) {
    if (!bad) throw error;
    throw await nonFiniteDerivative(site, await made.derived(bad.program), common, bad);
  } finally {
    await Promise.all(keeping);
  }
  broken.signal.throwIfAborted();
}

/** Neighbouring tasks to each worker, so that few programs are opened. */
function shares(tasks: readonly EstimateTask[], workers: number): readonly (readonly EstimateTask[])[] {
  const size = Math.ceil(tasks.length / workers);
  return Array.from({ length: Math.ceil(tasks.length / size) }, (_, i) => tasks.slice(i * size, (i + 1) * size));
}
