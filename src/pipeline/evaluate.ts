import { join } from 'node:path';
import { createMetric } from '../data/metrics/table.js';
import { findModelFolder, type ModelFiles } from '../data/model-folder.js';
import { estimateMetric } from '../evaluate/intervals.js';
import { pairedLoss } from '../evaluate/paired-loss.js';
import { hashModel, loadModel } from '../graph/from-onnx.js';
import type { Model } from '../graph/model.js';
import { fingerprint } from '../graph/to-onnx.js';
import { type Observer, silent } from '../kernel/observer.js';
import { mean } from '../kernel/statistics.js';
import { type EvaluateOptions, type SettingsOf, STAGES } from '../options.js';
import { readOptions } from '../read-options.js';
import type { Evaluation } from '../report/evaluation.js';
import { createEvaluations, type Evaluations, type Runnable } from './baseline/evaluations.js';
import { isShare, metricFor } from './baseline/metric-for.js';
import { withCache } from './open/kept.js';
import { type Into, prepareSome } from './open/open-data.js';
import { withExecutor, withFolder } from './open/workplace.js';
import { type Control, interruptible, watch } from './watch.js';

/** Measures a model on a data set; against `reference`, where one is given. What was measured before is not run again. */
export async function evaluate(
  options: EvaluateOptions,
  observer: Observer = silent,
  { signal }: Control = {},
): Promise<Evaluation> {
  const settings = readOptions(STAGES.evaluate, options);
  const { threads: workers, memory } = settings;
  const watched = watch(observer, signal);
  const force = { memory, signal, ...(workers !== undefined && { workers, threads: 1 }) };
  return interruptible(watched, signal, 'what was measured is kept: the same command goes on from there', () =>
    withFolder((folder) =>
      withCache(settings, ({ results }) =>
        withExecutor(force, (executor) =>
          evaluateWith(createEvaluations({ results, executor }), settings, { folder, observer: watched, signal }),
        ),
      ),
    ),
  );
}

async function evaluateWith(
  evaluations: Evaluations,
  settings: SettingsOf<'evaluate'>,
  { folder, observer, signal }: Into,
): Promise<Evaluation> {
  const files = await findModelFolder(settings.model);
  const model = await loadModel(files.model);
  const reference = settings.reference === undefined ? files.model : (await findModelFolder(settings.reference)).model;
  observer.stage('data');
  const source = { model, files: await filesFor(settings, files) };
  const set = await prepareSome(settings, source, join(folder, 'samples'), signal);
  observer.stage('evaluate');
  const onProgress = (done: number, total: number) => observer.progress({ stage: 'evaluate', done, total });
  const made = await evaluations.reference(await modelFile(reference), set, folder, { onProgress });
  const { kinds } = made;
  const { metric: asked } = settings;
  const spec = metricFor({ asked, agreement: false, labelled: set.labelled, kinds, model, padId: files.config?.padId });
  const metric = await createMetric(spec, kinds);
  const baseline = await evaluations.float(made, spec);
  const shown = { name: metric.name, higherIsBetter: metric.higherIsBetter, share: isShare(metric) };
  const value = estimateMetric(metric, baseline.rows);
  if (settings.reference === undefined) return { model: files.model, metric: shown, value };
  const runnable = { hash: fingerprint(model), file: async () => files.model };
  const own = await evaluations.model(made, spec, runnable, { ...batchFor(model), onProgress });
  const loss = pairedLoss(metric, baseline.rows, own.rows);
  const against = { model: reference, value, loss, divergence: mean(own.divergence) };
  return { model: files.model, metric: shown, value: estimateMetric(metric, own.rows), against };
}

async function modelFile(path: string): Promise<Runnable> {
  return { hash: await hashModel(path), file: async () => path };
}

/** What stands beside the reference serves a quantized model that lies alone. */
async function filesFor({ reference }: SettingsOf<'evaluate'>, own: ModelFiles): Promise<ModelFiles> {
  return reference === undefined ? own : { ...(await findModelFolder(reference)), ...own };
}

/** Ranges that are taken at run time depend on the batch. */
function batchFor({ graph }: Model): { readonly batch?: number } {
  return graph.nodes.some(({ op }) => op.startsWith('DynamicQuantize')) ? { batch: 1 } : {};
}
