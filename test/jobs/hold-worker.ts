/**
 * Prints the process id of a worker that is busy, and waits: what a signal to this process ends is seen from outside.
 * Arguments: how the job behaves, and the memory that its worker may take, in bytes.
 */
import { localExecutor } from '../../src/runtime/executor.js';
import type { Job } from '../../src/runtime/job.js';
import type { Behaviour } from './behaviour-job.js';

const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  idle: { kind: 'deaf' },
  runs: { kind: 'run-on', ms: 300 },
  blocks: { kind: 'run-on', ms: 60_000 },
};
const [behaviour, memory] = process.argv.slice(2);
const job: Job<Behaviour, unknown, number> = { module: new URL('behaviour-job.ts', import.meta.url).href };
const print = (pid: number) => process.stdout.write(`${pid}\n`);
const executor = localExecutor({ workers: 1, threads: 1, ...(memory && { memory: Number(memory) }) });
await executor.run(job, BEHAVIOURS[behaviour], { onEvent: print });
