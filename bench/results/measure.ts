/** One step of one model: `quantize`, and how often the emitted model answers as the float model does. */
import { mkdtemp } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import type { MetricSpec } from '../../src/data/metric.js';
import { openDataset } from '../../src/data/open.js';
import { prepare } from '../../src/data/prepared.js';
import { evaluateModel, makeReference } from '../../src/evaluate/evaluate.js';
import type { Reference } from '../../src/evaluate/reference.js';
import { type Observer, silent } from '../../src/kernel/observer.js';
import { sum } from '../../src/kernel/statistics.js';
import type { QuantizeOptions } from '../../src/options.js';
import { dataOptions } from '../../src/pipeline/open-data.js';
import { openModel } from '../../src/pipeline/open-model.js';
import { type QuantizeResult, quantize } from '../../src/pipeline/quantize.js';
import { batchOf } from '../../src/pipeline/workbench.js';
import type { Executor } from '../../src/runtime/job.js';
import type { Case, Sets } from '../cases.js';
import type { StepFigures } from './figures.js';
import type { Step } from './steps.js';

/** As PEERS.md measured: one thread, one sample. */
const THREADS = 1;

/** What the steps of one model share. */
export interface Bench {
  readonly executor: Executor;
  readonly folder: string;
  readonly observer: Observer;
  /** The float model's answers on a holdout set, made when first asked for. */
  reference(options: QuantizeOptions, holdout: string): Promise<Reference>;
}

export function createBench(executor: Executor, folder: string, observer: Observer): Bench {
  const references = new Map<string, Promise<Reference>>();
  return {
    executor,
    folder,
    observer,
    reference(options, holdout) {
      const known = references.get(holdout) ?? referenceOn(executor, folder, options, holdout);
      references.set(holdout, known);
      return known;
    },
  };
}

async function referenceOn(executor: Executor, folder: string, options: QuantizeOptions, holdout: string) {
  const source = await openModel(options.model, silent);
  const dataset = await openDataset(holdout, dataOptions(options, source));
  const own = await mkdtemp(join(folder, 'agreement-'));
  const set = await prepare(dataset, [...Array(dataset.length).keys()], join(own, 'samples'));
  return makeReference(executor, source.files.model, set, own);
}

export async function measureStep(
  bench: Bench,
  subject: Case,
  step: Step,
  sets: Sets,
  command: string,
): Promise<StepFigures> {
  const [load] = loadavg();
  const started = performance.now();
  const out = join(bench.folder, 'out');
  const options = optionsOf(subject, step, sets, out);
  const done = await quantize(options, bench.observer);
  const agreement = sets.holdout && (await agreementOf(bench, options, done, sets.holdout, join(out, 'model.onnx')));
  const seconds = (performance.now() - started) / 1000;
  return { ...figuresOf(done, bench.folder), command, date: new Date().toISOString(), seconds, load, ...agreement };
}

function optionsOf({ model, preprocess, tokenizer }: Case, step: Step, sets: Sets, out: string): QuantizeOptions {
  const reading = { ...(preprocess && { preprocess }), ...(tokenizer && { tokenizer }) };
  return { model, ...sets, ...reading, ...step.options, threads: THREADS, out, overwrite: true };
}

async function agreementOf(
  { executor, reference }: Bench,
  options: QuantizeOptions,
  { report, plan }: QuantizeResult,
  holdout: string,
  emitted: string,
) {
  const float = await reference(options, holdout);
  const metric: MetricSpec = { name: report.metric.name === 'top1' ? 'agreement' : 'token-agreement' };
  const { rows } = await evaluateModel(executor, float, metric, emitted, batchOf(plan.units));
  return { agreement: sum(rows.map(([kept]) => kept)) / sum(rows.map(([, positions = 1]) => positions)) };
}

/** What of a report is kept; paths below `folder`, whose name is random, are shortened. */
function figuresOf({ report }: QuantizeResult, folder: string) {
  const { version: _, model, output, units, seed, ...rest } = report;
  const warnings = report.warnings.map((warning) => warning.replaceAll(`${folder}/`, ''));
  return { ...rest, warnings, left: units.filter(({ format }) => format === 'float') };
}
