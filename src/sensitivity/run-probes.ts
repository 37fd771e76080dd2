import type { PreparedSet } from '../data/dataset.js';
import type { Padding } from '../data/metric.js';
import { together } from '../evaluate/together.js';
import { jobBeside } from '../runtime/job.js';
import type { Batches } from './batches.js';
import type { EstimateEvent, EstimateInput, EstimateTask } from './estimate-job.js';
import { type NonFiniteSite, nonFiniteDerivative } from './non-finite.js';

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

export interface ProbeSettings extends ProbeMemory {
  readonly seed: number;
  readonly padding?: Padding;
  readonly onProgress?: (done: number, total: number, recalled: number) => void;
  /** Told of runs that were not recalled: samples times probes. */
  readonly ran?: (samples: number) => void;
  readonly signal?: AbortSignal;
}

/** Where probes run. */
export interface ProbeSite extends Omit<NonFiniteSite, 'common'> {
  readonly batches: Batches;
  readonly set: PreparedSet;
  readonly settings: ProbeSettings;
  /** For messages about processes. */
  readonly what: string;
}

/** Probes `from` .. `to` (exclusive) of every batch: those that are known first, the others by the workers. */
export async function runProbes(site: ProbeSite, from: number, to: number): Promise<readonly ProbeRow[]> {
  const { batches, settings } = site;
  const rows: ProbeRow[] = [];
  const tasks: EstimateTask[] = [];
  for (const { program, samples } of batches.all) {
    for (let probe = from; probe < to; probe++) {
      settings.signal?.throwIfAborted();
      const row = await settings.recall?.({ samples, probe });
      if (row) rows.push(row);
      else tasks.push({ program, samples, probe });
    }
  }
  return tasks.length === 0 ? rows : [...rows, ...(await runTasks(site, tasks, rows.length))];
}

async function runTasks(
  site: ProbeSite,
  tasks: readonly EstimateTask[],
  recalled: number,
): Promise<readonly ProbeRow[]> {
  const { executor, settings, set, batches, what } = site;
  const { seed, padding = {}, signal } = settings;
  const programs = await batches.files();
  const common = { programs, set, padding, seed, threads: executor.threads };
  const rows: ProbeRow[] = [];
  const keeping: Promise<void>[] = [];
  const broken = new AbortController();
  let bad: EstimateTask | undefined;
  const onEvent = ({ task, values }: EstimateEvent) => {
    if (!values.every(Number.isFinite)) {
      bad ??= task;
      broken.abort(new RangeError('a derivative is not finite'));
      return;
    }
    const names = programs[task.program].outputs;
    const { samples, probe } = task;
    const row = { samples, probe, values: Object.fromEntries(names.map((name, i) => [name, values[i]])) };
    rows.push(row);
    settings.ran?.(samples.length);
    if (settings.record) keeping.push(settings.record(row).catch((error: unknown) => broken.abort(error)));
    settings.onProgress?.(recalled + rows.length, recalled + tasks.length, recalled);
  };
  try {
    await together(AbortSignal.any([broken.signal, ...(signal ? [signal] : [])]), (either) =>
      shares(tasks, executor.workers).map((own) =>
        executor.run(ESTIMATE_JOB, { ...common, tasks: own }, { what, signal: either, onEvent }),
      ),
    );
  } catch (error) {
    if (!bad) throw error;
    throw await nonFiniteDerivative({ ...site, common }, await batches.derived(bad.program), bad);
  } finally {
    await Promise.all(keeping);
  }
  broken.signal.throwIfAborted();
  return rows;
}

/** Neighbouring tasks to each worker, so that few programs are opened. */
function shares(tasks: readonly EstimateTask[], workers: number): readonly (readonly EstimateTask[])[] {
  const size = Math.ceil(tasks.length / workers);
  return Array.from({ length: Math.ceil(tasks.length / size) }, (_, i) => tasks.slice(i * size, (i + 1) * size));
}
