import type { PreparedSet, Sample } from '../../src/data/dataset.js';
import { readPrepared } from '../../src/data/prepared.js';
import { batchRunner, type Outputs } from '../../src/evaluate/batches.js';
import type { JobHandler } from '../../src/runtime/job.js';
import { ortRuntime } from '../../src/runtime/ort.js';

export interface NaiveInput {
  readonly model: string;
  readonly set: PreparedSet;
  readonly outputs: readonly string[];
  readonly batch: number;
  readonly threads: number;
}

export interface NaiveRun {
  /** Of processor time, to open the model and to run it. */
  readonly openSeconds: number;
  readonly runSeconds: number;
  /** Sample by sample. */
  readonly outputs: readonly Outputs[];
}

/** Runs a whole model over a set, as if nothing were known of it. */
const runAll: JobHandler<NaiveInput, NaiveRun> = async ({ model, set, outputs: names, batch, threads }, { signal }) => {
  const samples: Sample[] = [];
  for await (const sample of readPrepared(set)) samples.push(sample);
  const started = process.cpuUsage();
  const session = await ortRuntime.open(model, { threads });
  const opening = secondsSince(started);
  const opened = process.cpuUsage();
  try {
    const run = batchRunner(session, batch, names, signal);
    const outputs: Outputs[] = [];
    for (let i = 0; i < samples.length; i += batch) outputs.push(...(await run(samples.slice(i, i + batch))));
    return { openSeconds: opening, runSeconds: secondsSince(opened), outputs };
  } finally {
    await session.close();
  }
};

function secondsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

export default runAll;
