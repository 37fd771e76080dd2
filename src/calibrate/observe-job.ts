import type { PreparedSet } from '../data/dataset.js';
import { readPrepared } from '../data/prepared.js';
import type { JobContext, JobHandler } from '../runtime/job.js';
import { ortRuntime } from '../runtime/ort.js';
import type { Observation } from './observation.js';
import { observeElements } from './observe-elements.js';
import { observeRanges } from './observe-ranges.js';
import type { Statistics } from './statistics.js';
import type { ElementsTap, RangeTap } from './taps.js';

export type Taps =
  | { readonly detail: 'range'; readonly taps: readonly RangeTap[] }
  | { readonly detail: 'histogram'; readonly taps: readonly ElementsTap[] };

/** Samples `from` .. `to` (exclusive) through the tapped model at a path. */
export interface ObserveInput {
  readonly model: string;
  readonly what: Taps;
  readonly data: PreparedSet;
  readonly from: number;
  readonly to: number;
  readonly threads: number;
}

/** Emits the number of samples done, after each. */
const observe: JobHandler<ObserveInput, Statistics, number> = async (input, context) => {
  const session = await ortRuntime.open(input.model, { threads: input.threads });
  try {
    const observation =
      input.what.detail === 'range'
        ? observeRanges(session, input.what.taps)
        : observeElements(session, input.what.taps);
    await observeAll(observation, input, context);
    return { samples: input.to - input.from, activations: observation.activations() };
  } finally {
    await session.close();
  }
};

async function observeAll(
  observation: Observation,
  { data, from, to }: ObserveInput,
  { emit, signal }: JobContext<number>,
): Promise<void> {
  let done = 0;
  for await (const sample of readPrepared(data, from, to)) {
    signal.throwIfAborted();
    await observation.see(sample);
    done++;
    emit(done);
  }
}

export default observe;
