import type { PreparedSet } from '../data/dataset.js';
import { type Executor, jobBeside } from '../runtime/job.js';
import type { CompareInput, TapSums } from './compare-job.js';

const COMPARE_JOB = jobBeside<CompareInput, readonly TapSums[], number>('./compare-job', import.meta.url);

/** How far one value of another model is from the float model's, over all samples. */
export interface ValueError {
  readonly value: string;
  /** The node that makes it in the float model. */
  readonly node: string;
  readonly op: string;
  /** Power of the error over power of the float signal: 0 when equal, 1 when as large as the signal. */
  readonly noise: number;
  /** Cosine between the two. */
  readonly cosine: number;
  /** The largest noise among the compared values that it is computed from; 0 for what is computed from inputs alone. */
  readonly before: number;
}

export interface Comparison {
  readonly float: string;
  readonly other: string;
  readonly samples: number;
  /** In the float model's graph order. */
  readonly values: readonly ValueError[];
  /** Where it starts: the first value whose noise exceeds `LOUD` though nothing that it is computed from does. */
  readonly start?: ValueError;
}

export interface CompareSettings {
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Noise of 20 dB below the signal. Eight good bits stay some 10 dB below it. */
export const LOUD = 0.01;

/** Runs `float` and `other` over a set in a worker and compares every value that both compute. */
export async function compareValues(
  executor: Executor,
  float: string,
  other: string,
  set: PreparedSet,
  { onProgress, signal }: CompareSettings = {},
): Promise<Comparison> {
  const input = { float, other, set, threads: executor.threads };
  const sums = await executor.run(COMPARE_JOB, input, {
    onEvent: (done) => onProgress?.(done, set.length),
    ...(signal && { signal }),
  });
  const noise = new Map(sums.map((total) => [total.value, noiseOf(total)]));
  const values = sums.map((total) => valueError(total, noise));
  const start = values.find((value) => value.noise > LOUD && value.before <= LOUD);
  return { float, other, samples: set.length, values, ...(start && { start }) };
}

function valueError(total: TapSums, noise: ReadonlyMap<string, number>): ValueError {
  const { value, node, op, signal, otherPower, product, upstream } = total;
  const size = Math.sqrt(signal * otherPower);
  return {
    value,
    node,
    op,
    noise: noiseOf(total),
    cosine: size > 0 ? product / size : signal === otherPower ? 1 : 0,
    before: Math.max(0, ...upstream.map((name) => noise.get(name) ?? 0)),
  };
}

/** Error where there should be nothing is as loud as can be said in JSON. */
function noiseOf({ signal, error }: TapSums): number {
  if (error === 0) return 0;
  return signal > 0 ? error / signal : Number.MAX_VALUE;
}
