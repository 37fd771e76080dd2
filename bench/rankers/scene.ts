/** One model with the samples of a study: what rankers and damage models are measured with. */

import { mkdir } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import type { PreparedSet } from '../../src/data/dataset.js';
import type { Observer } from '../../src/kernel/observer.js';
import { loadTarget } from '../../src/latency/load-target.js';
import { type CalibrateModelOptions, calibrateModel } from '../../src/pipeline/baseline/calibrate-model.js';
import { createEvaluations, type FloatReference, type Runnable } from '../../src/pipeline/baseline/evaluations.js';
import { choicesFor } from '../../src/pipeline/choices.js';
import { prepareSome } from '../../src/pipeline/open/open-data.js';
import { floatModel, type OpenedModel, openModel } from '../../src/pipeline/open/open-model.js';
import { machine, versions } from '../../src/pipeline/result/origin.js';
import type { MeasureOptions } from '../../src/pipeline/select/measure-options.js';
import { batchOf, openWorkbench } from '../../src/pipeline/trials/workbench.js';
import type { Formats } from '../../src/quantize/followers.js';
import type { Format } from '../../src/quantize/formats.js';
import type { Executor } from '../../src/runtime/job.js';
import { RANKER_NAMES } from '../../src/sensitivity/rankers.js';
import type { Results } from '../../src/store/results.js';
import { readingOf } from '../cases.js';
import { cutPart, type PartName, type Subject } from './samples.js';

export const STUDIED: readonly Format[] = ['w8a8', 'w4a4'];
const TARGET = loadTarget('ort-cpu');
const SETTINGS: MeasureOptions['settings'] & CalibrateModelOptions['settings'] = {
  ...{ reduceRange: false, blockSize: 32, seed: 0 },
  ...{ calibrateWith: 'percentile', formats: [...STUDIED], force: [] },
};
const SPEC = { name: 'kl' };

export interface Surroundings {
  /** For files that are gone afterwards. */
  readonly folder: string;
  readonly executor: Executor;
  /** What was measured when the study was stopped. */
  readonly results: Results;
  readonly observer: Observer;
}

export interface Scene {
  /** With these, nothing that was measured before is looked up: it would make a measurement look cheap. */
  readonly options: MeasureOptions;
  /** Core seconds of the float model over the ranking samples, in a process that is open. */
  readonly perPass: number;
  readonly samples: number;
  /** Divergence of each plan on each sample of the truth: [plans][samples]. What was measured before is looked up. */
  truth(plans: readonly Formats[]): Promise<readonly (readonly number[])[]>;
  close(): Promise<void>;
}

export async function openScene(subject: Subject, surroundings: Surroundings): Promise<Scene> {
  const { folder, executor, results, observer } = surroundings;
  const source = await openModel(subject.of.model);
  const model = floatModel(source, folder);
  const set = (name: PartName) => preparePart(subject, name, source, folder);
  const settings = SETTINGS;
  const ranges = { set: await set('ranges'), target: TARGET, rankers: RANKER_NAMES, settings };
  const calibrated = await calibrateModel({ ...ranges, source, executor, results, observer });
  const forgetful: Results = { ...results, find: async () => undefined, once: (_kind, _key, compute) => compute() };
  const made = { settings, source, target: TARGET, calibrated, executor, folder };
  const bench = await openWorkbench({ ...made, results: forgetful });
  const choices = choicesFor(bench.net.units, TARGET, { include: [], exclude: [], force: [], formats: STUDIED });
  const ranking = await referenceOn(surroundings, model, await set('ranking'), 'ranking');
  const options: MeasureOptions = {
    ...{ source, choices, bench, executor, calibrated, settings, observer },
    results: forgetful,
    float: { spec: SPEC, ranking: async () => ranking },
  };
  return {
    options,
    samples: ranking.set.length,
    perPass: await secondsOfPass({ ...surroundings, results: forgetful }, model, ranking),
    async truth(plans) {
      const others = await referenceOn(surroundings, model, await set('truth'), 'truth');
      const evaluations = createEvaluations({ executor: { ...executor, workers: 1 }, results });
      return eachOf(plans, executor.workers, async (formats) => {
        const variant = await bench.build(bench.plan(formats));
        const { divergence } = await evaluations.model(others, SPEC, variant, batchOf(formats));
        await variant.discard();
        return divergence;
      });
    },
    close: () => bench.close(),
  };
}

async function preparePart({ of, parts }: Subject, name: PartName, source: OpenedModel, folder: string) {
  const data = await cutPart(parts[name], join(folder, name));
  return prepareSome({ ...readingOf(of), data, seed: 0 }, source, join(folder, `${name}.samples`), undefined);
}

async function referenceOn(
  { results, executor, folder }: Surroundings,
  model: Runnable,
  set: PreparedSet,
  name: string,
): Promise<FloatReference> {
  const own = join(folder, `reference-${name}`);
  await mkdir(own);
  return createEvaluations({ results, executor }).reference(model, set, own);
}

async function secondsOfPass({ results, executor }: Surroundings, model: Runnable, ranking: FloatReference) {
  const evaluations = createEvaluations({ executor: { ...executor, workers: 1 }, results });
  await evaluations.model(ranking, SPEC, model);
  const { seconds } = await evaluations.model(ranking, SPEC, model);
  return seconds;
}

/** As many at once as there are workers. */
async function eachOf<T, R>(
  items: readonly T[],
  workers: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const go = async () => {
    for (let i = next++; i < items.length; i = next++) results[i] = await work(items[i]);
  };
  await Promise.all(Array.from({ length: workers }, go));
  return results;
}

/** Where a step comes from, told when it is done. */
export function origin(command: string) {
  const [load] = loadavg();
  const started = performance.now();
  return () => ({
    ...{ command, date: new Date().toISOString(), load, machine: machine(), versions: versions() },
    seconds: (performance.now() - started) / 1000,
  });
}
