/** Prints the process id of a worker that is busy, and waits: what a signal to this process ends is seen from outside. */
import { localExecutor } from '../../src/runtime/executor.js';
import type { Job } from '../../src/runtime/job.js';
import type { Behaviour } from './behaviour-job.js';

const job: Job<Behaviour, unknown, number> = { module: new URL('behaviour-job.ts', import.meta.url).href };
const print = (pid: number) => process.stdout.write(`${pid}\n`);
await localExecutor({ workers: 1, threads: 1 }).run(job, { kind: 'deaf' }, { onEvent: print });
