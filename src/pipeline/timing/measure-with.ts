import { stat } from 'node:fs/promises';
import { type BenchResult, timingsOf } from '../../runtime/bench-result.js';
import { localExecutor } from '../../runtime/executor.js';
import { jobBeside, type RunOptions } from '../../runtime/job.js';
import type { RoundTimes } from '../../runtime/latency-statistics.js';
import type { MeasureInput } from './measure-with-job.js';

const MEASURE_JOB = jobBeside<MeasureInput, RoundTimes, number>('./measure-with-job', import.meta.url);

export interface MeasureOptions {
  /** Rounds go on until each ratio's 95 % interval is narrower than this share of it; 0.02 when left out. */
  readonly width?: number;
  /** Or until this time has passed; 2 minutes when left out. */
  readonly budgetMs?: number;
  readonly maxRounds?: number;
  /** A call that takes longer is taken for hung, and its process ended; 10 minutes when left out. */
  readonly silenceMs?: number;
  readonly onRound?: (rounds: number) => void;
  readonly signal?: AbortSignal;
}

const WIDTH = 0.02;
/** A call may move a model to a device first. */
const BUDGET_MS = 120_000;
const MAX_ROUNDS = 1000;
const SILENCE_MS = 10 * 60_000;

/**
 * Models timed by the user's own module, for devices that cannot be reached from here: its default export takes a
 * model's path and returns milliseconds. It is called for each model in turns, in a process of its own that a hang or
 * Ctrl-C ends; what it prints goes to stderr. Throws a BitloomError with the module's path where it cannot be loaded or
 * exports no function (`measure-not-loaded`, `measure-without-function`), throws (`measure-failed`) or returns no
 * positive number (`measure-no-time`).
 */
export async function timeWith(
  module: string,
  files: readonly string[],
  options: MeasureOptions = {},
): Promise<BenchResult> {
  const { width = WIDTH, budgetMs = BUDGET_MS, maxRounds = MAX_ROUNDS, onRound } = options;
  const times = await measure({ module, files, width, budgetMs, maxRounds }, options, {
    ...(onRound && { onEvent: onRound }),
  });
  const sized = await Promise.all(files.map(async (path) => ({ path, bytes: (await stat(path)).size })));
  return { ...timingsOf({ files: sized, times, feeds: 1, width }), provider: module };
}

/** Throws what is wrong with the module before anything else takes time; measures nothing. */
export async function requireMeasure(module: string, signal?: AbortSignal): Promise<void> {
  const nothing = { files: [], width: 0, budgetMs: 0, maxRounds: 0 };
  await measure({ module, ...nothing }, signal ? { signal } : {}, {});
}

async function measure(
  input: MeasureInput,
  { silenceMs = SILENCE_MS, signal }: MeasureOptions,
  events: RunOptions<number>,
): Promise<RoundTimes> {
  const executor = localExecutor({ workers: 1, silenceMs });
  try {
    return await executor.run(MEASURE_JOB, input, { what: input.module, ...events, ...(signal && { signal }) });
  } finally {
    await executor.close();
  }
}
