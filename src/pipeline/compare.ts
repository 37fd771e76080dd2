import { join } from 'node:path';
import { findModelFolder } from '../data/model-folder.js';
import { type Comparison, compareValues } from '../evaluate/compare.js';
import { loadModel } from '../graph/from-onnx.js';
import { type Observer, silent } from '../kernel/observer.js';
import { type CompareOptions, STAGES } from '../options.js';
import { readOptions } from '../read-options.js';
import { prepareSome } from './open-data.js';
import { withWorkplace } from './workplace.js';

/** Samples when none are asked for: the errors of single values settle within these. */
const SAMPLES = 32;

/** Runs a float model and others side by side and tells for each where its values leave the float model's. */
export async function compare(options: CompareOptions, observer: Observer = silent): Promise<readonly Comparison[]> {
  const settings = { samples: SAMPLES, ...readOptions(STAGES.compare, options) };
  return withWorkplace(settings, async ({ executor, folder }) => {
    const [files, ...others] = await Promise.all(settings.models.map(findModelFolder));
    observer.stage('data');
    const set = await prepareSome(settings, { model: await loadModel(files.model), files }, join(folder, 'samples'));
    const comparisons: Comparison[] = [];
    for (const { model } of others) {
      observer.stage(`compare ${model}`);
      const onProgress = (done: number, total: number) => observer.progress({ stage: 'compare', done, total });
      comparisons.push(await compareValues(executor, files.model, model, set, { onProgress }));
    }
    return comparisons;
  });
}
