import type { Sample } from '../data/dataset.js';
import type { Metric, MetricSpec, OutputKinds, Row, SampleResult } from '../data/metric.js';
import { applicableMetrics } from '../data/metrics/applicable.js';
import { divergence } from '../data/metrics/divergence.js';
import { scoresOf } from '../data/metrics/scores.js';
import { createMetric, METRICS, metricKey } from '../data/metrics/table.js';
import { readPrepared } from '../data/prepared.js';
import { BitloomError } from '../kernel/errors.js';
import { type DenseTensor, toNumbers } from '../kernel/tensor.js';
import type { JobHandler } from '../runtime/job.js';
import { ortRuntime } from '../runtime/ort.js';
import { type BatchRunner, batchRunner } from './batches.js';
import { type Reference, readReference } from './reference.js';

/** Samples `from` .. `to` (exclusive) of a set. */
export interface Block {
  readonly from: number;
  readonly to: number;
}

export interface EvaluateInput {
  /** The model to run; the float model's own outputs are scored when left out. */
  readonly model?: string;
  readonly reference: Reference;
  readonly blocks: readonly Block[];
  readonly batch: number;
  readonly threads: number;
  /** What is asked: an error of this metric is the job's. The rows of all others that apply are made beside its own. */
  readonly metric: MetricSpec;
}

/** What a block gave: a few numbers a sample, however large the outputs were. Plain data, to be kept. */
export interface BlockRows extends Block {
  /** By metric (`metricKey`): those that apply to the block. */
  readonly rows: Readonly<Record<string, readonly Row[]>>;
  readonly divergence: readonly number[];
  readonly nonFinite: number;
}

/** Runs a model over blocks of a set and scores each sample against its label and the float model's outputs. */
const evaluate: JobHandler<EvaluateInput, void, BlockRows> = async (input, { emit, signal }) => {
  const metrics = await metricsFor(input.metric, input.reference.kinds);
  const { run, close } = await runner(input, signal);
  try {
    for (const block of input.blocks) {
      signal.throwIfAborted();
      emit(await scoreBlock(input, block, metrics, run));
    }
  } finally {
    await close();
  }
};

interface Runner {
  readonly run: BatchRunner | undefined;
  close(): Promise<void>;
}

async function runner({ model, threads, batch, reference }: EvaluateInput, signal: AbortSignal): Promise<Runner> {
  if (model === undefined) return { run: undefined, close: async () => {} };
  const session = await ortRuntime.open(model, { threads });
  return { run: batchRunner(session, batch, Object.keys(reference.roles), signal), close: () => session.close() };
}

async function scoreBlock(
  { reference, metric: spec }: EvaluateInput,
  { from, to }: Block,
  metrics: Metrics,
  run: BatchRunner | undefined,
): Promise<BlockRows> {
  const samples = await collect(readPrepared(reference.set, from, to));
  const references = await collect(readReference(reference.parts, from, to));
  const outputs = await run?.(samples);
  const results = samples.map((sample, i) => resultOf(sample, references[i], outputs?.[i]));
  return {
    from,
    to,
    rows: rowsOf(metrics, reference.kinds, results, samples),
    divergence: results.map((result) => divergence(result, reference.kinds, spec)),
    nonFinite: results.filter(isBroken).length,
  };
}

interface Metrics {
  readonly spec: MetricSpec;
  readonly asked: Metric;
  readonly all: ReadonlyMap<string, Metric>;
}

async function metricsFor(spec: MetricSpec, kinds: OutputKinds): Promise<Metrics> {
  const { module: _, ...judging } = spec;
  const made = Object.keys(METRICS).map(
    async (name) => [name, await createMetric({ ...judging, name }, kinds)] as const,
  );
  return { spec, asked: await createMetric(spec, kinds), all: new Map(await Promise.all(made)) };
}

function rowsOf(
  { spec, asked, all }: Metrics,
  kinds: OutputKinds,
  results: readonly SampleResult[],
  samples: readonly Sample[],
): BlockRows['rows'] {
  const rows: Record<string, readonly Row[]> = {};
  for (const name of applicableMetrics(spec, kinds, results.some(isSequence))) {
    const metric = all.get(name);
    const found = metric && rowsWhereItApplies(metric, results);
    if (found) rows[name] = found;
  }
  rows[metricKey(spec)] ??= results.map((result, i) => rowOf(asked, result, samples[i]));
  return rows;
}

function isSequence({ reference }: SampleResult): boolean {
  return Object.values(reference).some((output) => scoresOf(output).positions > 1);
}

/** A metric does not apply to samples whose labels, inputs or outputs it refuses; if asked for, it is asked once more. */
function rowsWhereItApplies(metric: Metric, results: readonly SampleResult[]): readonly Row[] | undefined {
  if (metric.needsLabels && results.some(({ label }) => label === undefined)) return undefined;
  try {
    return results.map((result) => metric.row(result));
  } catch (error) {
    if (error instanceof BitloomError) return undefined;
    throw error;
  }
}

async function collect(samples: AsyncIterable<Sample>): Promise<readonly Sample[]> {
  const result: Sample[] = [];
  for await (const sample of samples) result.push(sample);
  return result;
}

function resultOf({ inputs, label }: Sample, reference: Sample, outputs = reference.inputs): SampleResult {
  return { outputs, reference: reference.inputs, inputs, ...(label !== undefined && { label }) };
}

/** A metric's complaint names the sample that it is about. */
function rowOf(metric: Metric, result: SampleResult, { id }: Sample): Row {
  try {
    return metric.row(result);
  } catch (error) {
    if (!(error instanceof BitloomError)) throw error;
    throw new BitloomError(
      error.problems.map((problem) => ({ ...problem, place: { sample: id, ...problem.place } })),
      { cause: error },
    );
  }
}

function isBroken({ outputs, reference }: SampleResult): boolean {
  return Object.keys(outputs).some((name) => breaks(outputs[name], reference[name]));
}

function breaks(output: DenseTensor, reference: DenseTensor): boolean {
  const [values, wanted] = [toNumbers(output), toNumbers(reference)];
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i]) && Number.isFinite(wanted[i])) return true;
  return values.length !== wanted.length;
}

export default evaluate;
