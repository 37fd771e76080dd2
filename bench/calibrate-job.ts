import observe, { type ObserveInput } from '../src/calibrate/observe-job.js';
import type { PreparedSet } from '../src/data/dataset.js';
import { readPrepared } from '../src/data/prepared.js';
import type { JobHandler } from '../src/runtime/job.js';
import { ortRuntime } from '../src/runtime/ort.js';

export type Work =
  | { readonly kind: 'plain'; readonly model: string; readonly data: PreparedSet }
  | { readonly kind: 'observe'; readonly input: ObserveInput };

export interface Cost {
  readonly cpuMs: number;
  readonly wallMs: number;
  /** Of this process, from its start. */
  readonly peakBytes: number;
}

/** What one way through all samples costs, model loading and reading included. */
const measure: JobHandler<Work, Cost, number> = async (work, context) => {
  const cpu = process.cpuUsage();
  const start = performance.now();
  if (work.kind === 'observe') await observe(work.input, context);
  else await infer(work.model, work.data);
  const { user, system } = process.cpuUsage(cpu);
  return {
    cpuMs: (user + system) / 1000,
    wallMs: performance.now() - start,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  };
};

async function infer(model: string, data: PreparedSet): Promise<void> {
  const session = await ortRuntime.open(model, { threads: 1 });
  for await (const sample of readPrepared(data)) await session.run(sample.inputs);
  await session.close();
}

export default measure;
