import { runAlone } from '../../runtime/alone.js';
import { type BenchResult, sized, timingsOf } from '../../runtime/bench-result.js';
import { jobBeside } from '../../runtime/job.js';
import type { RoundTimes } from '../../runtime/latency-statistics.js';
import { type TurnOptions, USUAL_WIDTH } from '../../runtime/turns.js';
import type { MeasureInput } from './measure-with-job.js';

const MEASURE_JOB = jobBeside<MeasureInput, RoundTimes, number>('./measure-with-job', import.meta.url);

export interface MeasureOptions extends TurnOptions {
  /** A call that takes longer is taken for hung, and its process ended; 10 minutes when left out. */
  readonly silenceMs?: number;
}

/** A call may move a model to a device first. */
const BUDGET_MS = 120_000;
const MAX_ROUNDS = 1000;

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
  const { width = USUAL_WIDTH, budgetMs = BUDGET_MS, maxRounds = MAX_ROUNDS } = options;
  const times = await measure({ module, files, width, budgetMs, maxRounds }, options);
  return { ...timingsOf({ files: await sized(files), times, feeds: 1, width }), provider: module };
}

/** Throws what is wrong with the module before anything else takes time; measures nothing. */
export async function requireMeasure(module: string, signal?: AbortSignal): Promise<void> {
  const nothing = { files: [], width: 0, budgetMs: 0, maxRounds: 0 };
  await measure({ module, ...nothing }, signal ? { signal } : {});
}

function measure(input: MeasureInput, { silenceMs, onRound, signal }: MeasureOptions): Promise<RoundTimes> {
  return runAlone(MEASURE_JOB, input, {
    what: input.module,
    ...(silenceMs !== undefined && { silenceMs }),
    ...(onRound && { onEvent: onRound }),
    ...(signal && { signal }),
  });
}
