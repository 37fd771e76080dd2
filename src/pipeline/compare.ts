import { join } from 'node:path';
import { findModelFolder } from '../data/model-folder.js';
import { type Comparison, compareValues } from '../evaluate/compare.js';
import { loadModel } from '../graph/from-onnx.js';
import { type Observer, silent } from '../kernel/observer.js';
import { type CompareOptions, type SettingsOf, STAGES } from '../options.js';
import { readOptions } from '../read-options.js';
import type { Executor } from '../runtime/job.js';
import { type Into, prepareSome } from './open/open-data.js';
import { withExecutor, withFolder } from './open/workplace.js';
import { type Control, interruptible, watch } from './watch.js';

/** Samples when none are asked for: the errors of single values settle within these. */
const SAMPLES = 32;

/** Runs a float model and others side by side and tells for each where its values leave the float model's. */
export async function compare(
  options: CompareOptions,
  observer: Observer = silent,
  { signal }: Control = {},
): Promise<readonly Comparison[]> {
  const settings = { samples: SAMPLES, ...readOptions(STAGES.compare, options) };
  const { threads: workers } = settings;
  const watched = watch(observer, signal);
  const force = { signal, ...(workers !== undefined && { workers, threads: 1 }) };
  return interruptible(watched, signal, 'nothing is kept of a comparison', () =>
    withFolder((folder) =>
      withExecutor(force, (executor) => compareWith(executor, settings, { folder, observer: watched, signal })),
    ),
  );
}

async function compareWith(
  executor: Executor,
  settings: SettingsOf<'compare'>,
  { folder, observer, signal }: Into,
): Promise<readonly Comparison[]> {
  const [files, ...others] = await Promise.all(settings.models.map(findModelFolder));
  observer.stage('data');
  const source = { model: await loadModel(files.model), files };
  const set = await prepareSome(settings, source, join(folder, 'samples'), signal);
  const comparisons: Comparison[] = [];
  for (const { model } of others) {
    observer.stage(`compare ${model}`);
    const onProgress = (done: number, total: number) => observer.progress({ stage: 'compare', done, total });
    comparisons.push(await compareValues(executor, files.model, model, set, { onProgress }));
  }
  return comparisons;
}
