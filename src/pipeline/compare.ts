import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PreparedSet } from '../data/dataset.js';
import { findModelFolder } from '../data/model-folder.js';
import { openDataset } from '../data/open.js';
import { prepare } from '../data/prepared.js';
import { stratifiedOrder } from '../data/splits.js';
import { type Comparison, compareValues } from '../evaluate/compare.js';
import { loadModel } from '../graph/from-onnx.js';
import { type Observer, silent } from '../kernel/observer.js';
import { type CompareOptions, type SettingsOf, STAGES } from '../options.js';
import { readOptions } from '../read-options.js';
import { localExecutor } from '../runtime/executor.js';
import { dataOptions } from './open-data.js';

/** Samples when none are asked for: the errors of single values settle within these. */
const SAMPLES = 32;

/** Runs a float model and others side by side and tells for each where its values leave the float model's. */
export async function compare(options: CompareOptions, observer: Observer = silent): Promise<readonly Comparison[]> {
  const settings = readOptions(STAGES.compare, options);
  const folder = await mkdtemp(join(tmpdir(), 'bitloom-'));
  const executor = localExecutor({ workers: 1, ...(settings.threads !== undefined && { threads: settings.threads }) });
  try {
    const [float, ...others] = await Promise.all(settings.models.map(modelFile));
    observer.stage('data');
    const set = await samplesFor(settings, join(folder, 'samples'));
    const comparisons: Comparison[] = [];
    for (const other of others) {
      observer.stage(`compare ${other}`);
      const onProgress = (done: number, total: number) => observer.progress({ stage: 'compare', done, total });
      comparisons.push(await compareValues(executor, float, other, set, { onProgress }));
    }
    return comparisons;
  } finally {
    await executor.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function modelFile(path: string): Promise<string> {
  return (await findModelFolder(path)).model;
}

async function samplesFor(settings: SettingsOf<'compare'>, file: string): Promise<PreparedSet> {
  const files = await findModelFolder(settings.models[0]);
  const reading = dataOptions(settings, { model: await loadModel(files.model), files });
  const dataset = await openDataset(settings.data, reading);
  const { seed, samples = SAMPLES } = settings;
  return prepare(dataset, stratifiedOrder(dataset, seed).slice(0, samples), file);
}
