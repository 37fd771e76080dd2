/** One step of one model: `quantize` to a uniform format, and how its model does on the samples that are shown. */
import { mkdir } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { createMetric } from '../../src/data/metrics/table.js';
import { openDataset } from '../../src/data/open.js';
import { prepare } from '../../src/data/prepared.js';
import { evaluateModel, makeReference, scoreReference } from '../../src/evaluate/evaluate.js';
import { estimateMetric } from '../../src/evaluate/intervals.js';
import { pairedLoss } from '../../src/evaluate/paired-loss.js';
import type { Reference } from '../../src/evaluate/reference.js';
import { type Observer, silent } from '../../src/kernel/observer.js';
import { mean } from '../../src/kernel/statistics.js';
import { dataOptions } from '../../src/pipeline/open/open-data.js';
import { openModel } from '../../src/pipeline/open/open-model.js';
import { type QuantizeResult, quantize } from '../../src/pipeline/quantize.js';
import { batchOf } from '../../src/pipeline/trials/workbench.js';
import type { Executor } from '../../src/runtime/job.js';
import { type Case, type Reading, readingOf, type UniformSets } from '../cases.js';
import type { StepFigures } from './figures.js';
import type { Step } from './steps.js';

/** As PEERS.md measured: one thread, one sample. */
const THREADS = 1;

/** What the steps of one model share. */
export interface Bench {
  readonly subject: Case;
  readonly executor: Executor;
  readonly observer: Observer;
  readonly folder: string;
  readonly sets: UniformSets;
  /** The float model's answers on the samples shown, made when first asked for. */
  reference(): Promise<Reference>;
}

export async function createBench(
  subject: Case,
  executor: Executor,
  folder: string,
  observer: Observer,
): Promise<Bench> {
  const sets = await subject.uniform(join(folder, 'uniform'));
  let made: Promise<Reference> | undefined;
  const reference = () => {
    made ??= referenceOn(executor, readingOf(subject), sets.shown, join(folder, 'shown'));
    return made;
  };
  return { subject, executor, observer, folder, sets, reference };
}

async function referenceOn(executor: Executor, reading: Reading, samples: string, folder: string) {
  await mkdir(folder);
  const source = await openModel(reading.model, silent);
  const dataset = await openDataset(samples, dataOptions(reading, source));
  const set = await prepare(dataset, [...Array(dataset.length).keys()], join(folder, 'samples'));
  return makeReference(executor, source.files.model, set, folder);
}

export async function measureStep(bench: Bench, step: Step, command: string): Promise<StepFigures> {
  const [load] = loadavg();
  const started = performance.now();
  const out = join(bench.folder, 'out');
  const { shown: _, ...sets } = bench.sets;
  const options = { ...readingOf(bench.subject), ...sets, ...step.options, threads: THREADS, out, overwrite: true };
  const done = await quantize(options, bench.observer);
  const figures = figuresOf(done, bench.folder);
  const shown = await onShown(bench, done, join(out, 'model.onnx'));
  const seconds = (performance.now() - started) / 1000;
  return { ...figures, ...merged(figures, shown), command, date: new Date().toISOString(), seconds, load };
}

/** What of a report is kept; paths below `folder`, whose name is random, are shortened. */
function figuresOf({ report }: QuantizeResult, folder: string) {
  const { version: _, model, output, units, seed, ...rest } = report;
  const warnings = report.warnings.map((warning) => warning.replaceAll(`${folder}/`, ''));
  return { ...rest, warnings, left: units.filter(({ format }) => format === 'float') };
}

type Kept = ReturnType<typeof figuresOf>;
type Shown = Awaited<ReturnType<typeof onShown>>;

/** The written model on the samples shown: its metric, and how often it answers as the float model does. */
async function onShown({ executor, reference }: Bench, { report, plan }: QuantizeResult, path: string) {
  const float = await reference();
  const spec = { name: report.metric.name };
  const metric = await createMetric(spec, float.kinds);
  const { rows: floatRows } = await scoreReference(executor, float, spec);
  const { rows, divergence } = await evaluateModel(executor, float, spec, path, batchOf(plan.units));
  const like = { name: metric.name === 'top1' ? 'agreement' : 'token-agreement' };
  const kept = await evaluateModel(executor, float, like, path, batchOf(plan.units));
  return {
    agreement: (await createMetric(like, float.kinds)).value(kept.rows),
    divergence: mean(divergence),
    float: estimateMetric(metric, floatRows),
    result: estimateMetric(metric, rows),
    pairedLoss: pairedLoss(metric, floatRows, rows),
  };
}

/** What was found on the samples shown stands as the holdout part. */
function merged(kept: Kept, { agreement, ...shown }: Shown) {
  return {
    agreement,
    samples: { ...kept.samples, holdout: shown.float.samples },
    divergence: { ...kept.divergence, holdout: shown.divergence },
    float: { ...kept.float, holdout: shown.float },
    result: { ...kept.result, holdout: shown.result },
    pairedLoss: { ...kept.pairedLoss, holdout: shown.pairedLoss },
  };
}
