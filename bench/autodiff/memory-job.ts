import { readFileSync, writeFileSync } from 'node:fs';
import type { Term } from '../../src/autodiff/program.js';
import type { Feeds } from '../../src/runtime/feeds.js';
import type { JobHandler } from '../../src/runtime/job.js';
import { ortRuntime } from '../../src/runtime/ort.js';
import { feedsOf } from './subjects.js';

export interface MemoryInput {
  readonly model: string;
  readonly inputs: readonly Term[];
  /** Feeds of the inputs that the model has itself. */
  readonly own: Feeds;
}

/** Most bytes that a run takes above those of the loaded model, in a process that does nothing else. Linux only. */
const memory: JobHandler<MemoryInput, number> = async ({ model, inputs, own }) => {
  const session = await ortRuntime.open(model, { threads: 1, unplannedMemory: true });
  const loaded = process.memoryUsage.rss();
  forgetPeak();
  const feeds = feedsOf(inputs, own);
  await session.run(feeds);
  await session.close();
  return peakBytes() - loaded;
};

/** Sets the process's peak to what it takes now: loading a model takes more than the model (proc(5), clear_refs). */
function forgetPeak(): void {
  writeFileSync('/proc/self/clear_refs', '5');
}

function peakBytes(): number {
  const [, kib] = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  if (kib === undefined) throw new RangeError('/proc/self/status has no VmHWM');
  return 1024 * Number(kib);
}

export default memory;
