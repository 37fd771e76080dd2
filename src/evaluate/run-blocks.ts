import type { MetricSpec } from '../data/metric.js';
import { metricKey } from '../data/metrics/table.js';
import { type Executor, jobBeside } from '../runtime/job.js';
import { type Assembly, assembler, type Decided } from './assemble.js';
import type { Block, BlockRows, EvaluateInput } from './evaluate-job.js';
import type { Outcomes } from './outcomes.js';
import type { Reference } from './reference.js';
import { cut, together } from './together.js';

const EVALUATE_JOB = jobBeside<EvaluateInput, void, BlockRows>('./evaluate-job', import.meta.url);

/** The connection to whatever keeps results. What a block gives depends on what `evaluationKey` says, and the model. */
export interface BlockMemory {
  /** What is known of a block already; rows of other metrics than the one asked for do not spare a run. */
  readonly recall?: (block: Block) => Promise<BlockRows | undefined>;
  /** Told of every block that ran; the evaluation ends after the last answer, and fails where one does. */
  readonly record?: (rows: BlockRows) => Promise<void>;
}

export interface BlockSettings extends BlockMemory {
  readonly range: Block;
  readonly batch: number;
  readonly what?: string;
  readonly decided?: Decided;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface BlockQuestion {
  readonly reference: Reference;
  readonly metric: MetricSpec;
  /** Answers the model's file, asked only when a block must run; the float model's outputs are scored without it. */
  readonly model?: () => Promise<string>;
}

/**
 * Scores a range of the reference's set block by block: known blocks first, the others by the workers. The outcomes are
 * the same whichever blocks were known, and whatever the number of workers.
 */
export async function runBlocks(
  executor: Executor,
  question: BlockQuestion,
  settings: BlockSettings,
): Promise<Outcomes> {
  const started = performance.now();
  const { range } = settings;
  const metric = metricKey(question.metric);
  const blocks = cut(range, question.reference.blockSamples);
  const enough = new AbortController();
  const assembly = assembler(blocks, { ...settings, metric }, () => enough.abort());
  const known = await recallBlocks(blocks, metric, settings, assembly, enough.signal);
  const unknown = blocks.filter(({ from }) => !known.whole.has(from));
  const settled = enough.signal.aborted || unknown.length === 0;
  if (!settled) await runUnknown(executor, question, settings, { unknown, known, assembly, enough: enough.signal });
  const assembled = assembly.result();
  const recalled = blocks.filter(({ from, to }) => known.whole.has(from) && to <= range.from + assembled.rows.length);
  return {
    metric: question.metric.name,
    samples: range.to - range.from,
    seconds: (performance.now() - started) / 1000,
    recalled: recalled.reduce((sum, { from, to }) => sum + to - from, 0),
    ...assembled,
  };
}

interface Known {
  /** Where the blocks start of which everything that is asked is known. */
  readonly whole: ReadonlySet<number>;
  /** Blocks whose rows lack the metric that is asked for. */
  readonly lacking: ReadonlyMap<number, BlockRows>;
}

async function recallBlocks(
  blocks: readonly Block[],
  metric: string,
  { recall, signal }: BlockSettings,
  assembly: Assembly,
  enough: AbortSignal,
): Promise<Known> {
  const whole = new Set<number>();
  const lacking = new Map<number, BlockRows>();
  for (const block of recall ? blocks : []) {
    signal?.throwIfAborted();
    if (enough.aborted) break;
    const rows = await recall?.(block);
    if (!rows || !isOf(block, rows)) continue;
    if (!Object.hasOwn(rows.rows, metric)) {
      lacking.set(block.from, rows);
      continue;
    }
    whole.add(block.from);
    assembly.add(rows);
  }
  return { whole, lacking };
}

function isOf({ from, to }: Block, rows: BlockRows): boolean {
  return rows.from === from && rows.to === to && rows.divergence.length === to - from;
}

interface Remaining {
  readonly unknown: readonly Block[];
  readonly known: Known;
  readonly assembly: Assembly;
  readonly enough: AbortSignal;
}

async function runUnknown(
  executor: Executor,
  { reference, metric, model }: BlockQuestion,
  settings: BlockSettings,
  { unknown, known, assembly, enough }: Remaining,
): Promise<void> {
  const path = await model?.();
  const keeper = keeperOf(settings.record);
  const signals = [enough, keeper.failed, ...(settings.signal ? [settings.signal] : [])];
  const common = { reference, metric, batch: settings.batch, threads: executor.threads };
  const what = settings.what ?? path ?? 'the outputs of the float model';
  const onEvent = (rows: BlockRows) => {
    if (assembly.add(rows)) keeper.keep(withRows(rows, known.lacking.get(rows.from)));
  };
  try {
    await together(AbortSignal.any(signals), (signal) =>
      deal(unknown, executor.workers).map((blocks) => {
        const input = { ...common, blocks, ...(path !== undefined && { model: path }) };
        return executor.run(EVALUATE_JOB, input, { what, signal, onEvent });
      }),
    );
  } catch (error) {
    if (!enough.aborted) throw error;
  } finally {
    await keeper.done();
  }
  keeper.failed.throwIfAborted();
}

/** Rows of metrics that were known before stay known. */
function withRows(block: BlockRows, before: BlockRows | undefined): BlockRows {
  return before ? { ...block, rows: { ...before.rows, ...block.rows } } : block;
}

export interface Keeper<T> {
  /** Aborted with the reason when something could not be kept. */
  readonly failed: AbortSignal;
  keep(rows: T): void;
  /** Resolves when nothing is being kept any more. */
  done(): Promise<void>;
}

/** Keeps what comes while more is made. */
export function keeperOf<T>(record: ((rows: T) => Promise<void>) | undefined): Keeper<T> {
  const failed = new AbortController();
  const kept: Promise<void>[] = [];
  return {
    failed: failed.signal,
    keep(rows) {
      if (record) kept.push(record(rows).catch((error: unknown) => failed.abort(error)));
    },
    done: async () => {
      await Promise.all(kept);
    },
  };
}

/** Block after block to the workers in turn, so that the finished front of the set grows evenly. */
export function deal<B extends Block>(blocks: readonly B[], workers: number): readonly (readonly B[])[] {
  const hands = Array.from({ length: Math.min(workers, blocks.length) }, (): B[] => []);
  for (const [i, block] of blocks.entries()) hands[i % hands.length].push(block);
  return hands;
}
