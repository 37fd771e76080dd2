import { findModelFolder } from '../data/model-folder.js';
import { BitloomError } from '../kernel/errors.js';
import { type Observer, silent } from '../kernel/observer.js';
import { type BenchOptions, type SettingsOf, STAGES } from '../options.js';
import { readOptions } from '../read-options.js';
import type { Benchmark, Refused } from '../report/benchmark.js';
import { bench as benchFiles } from '../runtime/bench.js';
import type { BenchResult } from '../runtime/bench-result.js';
import { allCores } from '../runtime/cores.js';
import { timeWith } from './timing/measure-with.js';
import { type Control, interruptible, watch } from './watch.js';

/**
 * Times models against the first of them, interleaved, on made-up inputs, for every batch and number of threads asked
 * for; or once, by the user's own module.
 */
export async function bench(
  options: BenchOptions,
  observer: Observer = silent,
  { signal }: Control = {},
): Promise<Benchmark> {
  const settings = readOptions(STAGES.bench, options);
  const folders = await Promise.all(settings.models.map(findModelFolder));
  const files = folders.map(({ model }) => model);
  const watched = watch(observer, signal);
  watched.stage('latency');
  return interruptible(watched, signal, 'nothing is kept of a comparison in time', () =>
    settings.measureWith === undefined
      ? eachCombination(files, settings, watched, signal)
      : byModule(files, settings.measureWith, watched, signal),
  );
}

async function byModule(
  files: readonly string[],
  module: string,
  observer: Observer,
  signal: AbortSignal | undefined,
): Promise<Benchmark> {
  const onRound = (done: number) => observer.progress({ stage: 'latency', done, total: done });
  return [await timeWith(module, files, { onRound, ...(signal && { signal }) })];
}

async function eachCombination(
  files: readonly string[],
  { batch = [1], threads = [allCores()], length, seed }: SettingsOf<'bench'>,
  observer: Observer,
  signal: AbortSignal | undefined,
): Promise<Benchmark> {
  const combinations = threads.flatMap((count) => batch.map((size) => ({ threads: count, batch: size })));
  const runs: (BenchResult | Refused)[] = [];
  for (const { threads, batch } of combinations) {
    const note = `batch ${batch}, ${threads} thread${threads === 1 ? '' : 's'}`;
    const measured = benchFiles(files, {
      feeds: { kind: 'generated', batch, seed, ...(length !== undefined && { length }) },
      threads,
      onRound: (done) => observer.progress({ stage: 'latency', done, total: done, note }),
      ...(signal && { signal }),
    });
    runs.push(await measured.catch((error: unknown) => refused(error, batch, threads)));
  }
  if (runs.every(isRefused)) throw fixedBatch(runs);
  return runs;
}

/** A batch that the model does not take is part of the answer; whatever else goes wrong is not. */
function refused(error: unknown, batch: number, threads: number): Refused {
  if (!(error instanceof BitloomError) || error.code !== 'fixed-batch') throw error;
  return { batch, threads, refused: error.problems[0].message };
}

function isRefused(run: BenchResult | Refused): run is Refused {
  return 'refused' in run;
}

function fixedBatch([{ refused }]: readonly Refused[]): BitloomError {
  return new BitloomError({ kind: 'option', code: 'fixed-batch', message: refused, place: { option: 'batch' } });
}
