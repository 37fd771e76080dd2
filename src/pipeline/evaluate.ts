import { join } from 'node:path';
import { createMetric } from '../data/metrics/table.js';
import { findModelFolder, type ModelFiles } from '../data/model-folder.js';
import { evaluateModel, makeReference, scoreReference } from '../evaluate/evaluate.js';
import { estimateMetric } from '../evaluate/intervals.js';
import { pairedLoss } from '../evaluate/paired-loss.js';
import { loadModel } from '../graph/from-onnx.js';
import type { Model } from '../graph/model.js';
import { type Observer, silent } from '../kernel/observer.js';
import { mean } from '../kernel/statistics.js';
import { type EvaluateOptions, type SettingsOf, STAGES } from '../options.js';
import { readOptions } from '../read-options.js';
import type { Evaluation } from '../report/evaluation.js';
import { isShare, metricFor } from './metric-for.js';
import { prepareSome } from './open-data.js';
import { type Workplace, withWorkplace } from './workplace.js';

/** Measures a model on a data set; against `reference`, where one is given. */
export async function evaluate(options: EvaluateOptions, observer: Observer = silent): Promise<Evaluation> {
  const settings = readOptions(STAGES.evaluate, options);
  return withWorkplace(settings, (workplace) => evaluateIn(workplace, settings, observer));
}

async function evaluateIn(
  { executor, folder }: Workplace,
  settings: SettingsOf<'evaluate'>,
  observer: Observer,
): Promise<Evaluation> {
  const files = await findModelFolder(settings.model);
  const model = await loadModel(files.model);
  const reference = settings.reference === undefined ? files.model : (await findModelFolder(settings.reference)).model;
  observer.stage('data');
  const set = await prepareSome(settings, { model, files: await filesFor(settings, files) }, join(folder, 'samples'));
  observer.stage('evaluate');
  const onProgress = (done: number, total: number) => observer.progress({ stage: 'evaluate', done, total });
  const made = await makeReference(executor, reference, set, folder, { onProgress });
  const { kinds } = made;
  const { metric: asked } = settings;
  const spec = metricFor({ asked, agreement: false, labelled: set.labelled, kinds, model, padId: files.config?.padId });
  const metric = await createMetric(spec, kinds);
  const baseline = await scoreReference(executor, made, spec);
  const shown = { name: metric.name, higherIsBetter: metric.higherIsBetter, share: isShare(metric) };
  const value = estimateMetric(metric, baseline.rows);
  if (settings.reference === undefined) return { model: files.model, metric: shown, value };
  const own = await evaluateModel(executor, made, spec, files.model, { ...batchFor(model), onProgress });
  const loss = pairedLoss(metric, baseline.rows, own.rows);
  const against = { model: reference, value, loss, divergence: mean(own.divergence) };
  return { model: files.model, metric: shown, value: estimateMetric(metric, own.rows), against };
}

/** What stands beside the reference serves a quantized model that lies alone. */
async function filesFor({ reference }: SettingsOf<'evaluate'>, own: ModelFiles): Promise<ModelFiles> {
  return reference === undefined ? own : { ...(await findModelFolder(reference)), ...own };
}

/** Ranges that are taken at run time depend on the batch. */
function batchFor({ graph }: Model): { readonly batch?: number } {
  return graph.nodes.some(({ op }) => op.startsWith('DynamicQuantize')) ? { batch: 1 } : {};
}
