import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PreparedSet } from '../data/dataset.js';
import { openWeightStore } from '../onnx/weight-store.js';
import type { Executor } from '../runtime/job.js';
import { makeBatches } from './batches.js';
import type { Subject } from './derived-programs.js';
import type { Estimator } from './estimator.js';
import { type MeanEstimate, meanOf } from './means.js';
import { DEFAULT_PRECISION, judge, type Precision, type Verdict } from './precision.js';
import { type ProbeRow, type ProbeSettings, type ProbeSite, runProbes } from './run-probes.js';

export interface EstimateSettings extends ProbeSettings {
  readonly precision?: Precision;
  /** Bytes that all workers may take together. */
  readonly memory?: number | undefined;
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
  readonly reason: NonNullable<Verdict['reason']> | 'seconds';
}

/** Of a worker's memory for what a derived program's terms take: the rest is for kernels, Node.js and the samples. */
const SHARE_FOR_VALUES = 0.5;
const MEMORY = 4 * 2 ** 30;

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
  const { precision = DEFAULT_PRECISION, memory = MEMORY } = settings;
  const folder = await mkdtemp(join(tmpdir(), 'bitloom-derived-'));
  const weights = await openWeightStore(join(folder, 'weights.bin'));
  try {
    const bytes = (memory / executor.workers) * SHARE_FOR_VALUES;
    const files = { folder, weights };
    const batches = await makeBatches({ subject, estimator, set, bytes, mostProbes: precision.mostProbes, ...files });
    return await inRounds({ executor, batches, set, settings, what: estimator.key, ...files }, precision);
  } finally {
    await weights.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Differences between probes of one batch that a spread is told from, at least: fewer often tell a much smaller one. */
const DIFFERENCES = 16;

/** So few probes are drawn at once where they leave nothing to chance; more of them must show that they are needed. */
const AT_ONCE = 32;

async function inRounds(site: ProbeSite, precision: Precision): Promise<Estimates> {
  const { batches, set } = site;
  const { exactAfter } = batches;
  const { mostProbes, seconds = Number.POSITIVE_INFINITY } = precision;
  const milliseconds = 1000 * seconds;
  const started = performance.now();
  const rows: ProbeRow[] = [];
  const first = 1 + Math.ceil(DIFFERENCES / batches.all.length);
  let wanted = exactAfter <= Math.min(AT_ONCE, mostProbes) ? exactAfter : Math.min(first, mostProbes);
  for (let probes = 0; ; ) {
    rows.push(...(await runProbes(site, probes, wanted)));
    probes = wanted;
    const means = meansOf(site, rows);
    const verdict = judge({ means: [...means.values()], batches: batches.all.length, probes, exactAfter }, precision);
    const affordable = Math.floor((probes * milliseconds) / (performance.now() - started));
    const reason = verdict.reason ?? (affordable > probes ? undefined : 'seconds');
    if (reason) return { means, worst: verdict.worst, samples: set.length, probes, reason };
    wanted = Math.min(verdict.wanted, 2 * probes, affordable);
  }
}

/** The same whatever the order of the rows. */
function meansOf({ batches }: ProbeSite, rows: readonly ProbeRow[]): ReadonlyMap<string, MeanEstimate> {
  const place = new Map(batches.all.map(({ samples }, i) => [samples.join(), i]));
  const ordered = batches.all.map((): ProbeRow[] => []);
  for (const row of rows) ordered[place.get(row.samples.join()) ?? 0][row.probe] = row;
  const names = Object.keys(ordered[0][0].values);
  return new Map(
    names.map((name) => {
      const totals = ordered.map((own, i) => ({
        samples: batches.all[i].samples.length,
        totals: own.map(({ values }) => values[name]),
      }));
      return [name, meanOf(totals, batches.exactAfter)] as const;
    }),
  );
}
