import { findModelFolder } from '../data/model-folder.js';
import { type Observer, silent } from '../kernel/observer.js';
import { type BenchOptions, STAGES } from '../options.js';
import { readOptions } from '../read-options.js';
import { type BenchResult, bench as benchFiles } from '../runtime/bench.js';
import { allCores } from '../runtime/cores.js';
import { type Control, interruptible, watch } from './watch.js';

/** Times models against the first of them, interleaved, on made-up inputs of batch 1. */
export async function bench(
  options: BenchOptions,
  observer: Observer = silent,
  { signal }: Control = {},
): Promise<BenchResult> {
  const { models, seed, threads = allCores() } = readOptions(STAGES.bench, options);
  const files = await Promise.all(models.map(findModelFolder));
  const watched = watch(observer, signal);
  watched.stage('latency');
  return interruptible(watched, signal, 'nothing is kept of a comparison in time', () =>
    benchFiles(
      files.map(({ model }) => model),
      {
        feeds: { kind: 'generated', batch: 1, seed },
        threads,
        onRound: (done) => observer.progress({ stage: 'latency', done, total: done }),
        ...(signal && { signal }),
      },
    ),
  );
}
