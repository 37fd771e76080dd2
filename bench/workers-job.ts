import type { PreparedSet } from '../src/data/dataset.js';
import { readPrepared } from '../src/data/prepared.js';
import type { JobHandler } from '../src/runtime/job.js';
import { ortRuntime } from '../src/runtime/ort.js';

export interface LoopInput {
  readonly model: string;
  readonly set: PreparedSet;
  readonly threads: number;
}

/** The loop that anybody would write: open a model, read a sample, run it. Resolves to the samples run. */
const loop: JobHandler<LoopInput, number> = async ({ model, set, threads }) => {
  const session = await ortRuntime.open(model, { threads });
  for await (const { inputs } of readPrepared(set)) await session.run(inputs);
  await session.close();
  return set.length;
};

export default loop;
