import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { BitloomError } from '../../src/kernel/errors.js';
import type { JobHandler } from '../../src/runtime/job.js';

/** How a job behaves that tests of the executor run. */
export type Behaviour =
  | { readonly kind: 'echo'; readonly value: unknown }
  | { readonly kind: 'count'; readonly to: number }
  | { readonly kind: 'block'; readonly ms: number }
  | { readonly kind: 'until-aborted' }
  | { readonly kind: 'deaf' }
  | { readonly kind: 'fail' }
  | { readonly kind: 'die' }
  | { readonly kind: 'fill-heap' }
  /** Takes so many bytes outside the heap, in one go, and keeps them. */
  | { readonly kind: 'fill-native'; readonly bytes: number }
  /** Stands still as in a native call that never returns. */
  | { readonly kind: 'hang' }
  /** Emits 1 and dies on its first attempt; emits 1 and 2 on the next. */
  | { readonly kind: 'die-once'; readonly marker: string }
  /** Emits 1 and dies on its first attempt, hangs on the next. */
  | { readonly kind: 'die-then-hang'; readonly marker: string }
  | { readonly kind: 'open-sessions'; readonly model: string; readonly times: number }
  /** Emits its process id, then blocks its thread for `ms` again and again. */
  | { readonly kind: 'run-on'; readonly ms: number }
  /** Takes `ms` to clean up after an abort, and leaves `marker` behind when it is done. */
  | { readonly kind: 'clean-up'; readonly ms: number; readonly marker: string };

const behave: JobHandler<Behaviour, unknown, number> = async (behaviour, { emit, signal }) => {
  switch (behaviour.kind) {
    case 'echo':
      return { value: behaviour.value, pid: process.pid };
    case 'count':
      for (let i = 0; i < behaviour.to; i++) emit(i);
      return behaviour.to;
    case 'block':
      block(behaviour.ms);
      return process.pid;
    case 'until-aborted':
      emit(process.pid);
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve('stopped')));
    case 'deaf':
      emit(process.pid);
      return new Promise((resolve) => setTimeout(resolve, 60_000));
    case 'fail':
      throw new BitloomError({ kind: 'data', code: 'bad-sample', message: 'a bad sample', place: { sample: 'a.png' } });
    case 'die':
      return process.abort();
    case 'fill-heap':
      return fillHeap();
    case 'fill-native':
      return fillNative(behaviour.bytes);
    case 'hang':
      return process.kill(process.pid, 'SIGSTOP');
    case 'die-once':
      emit(1);
      if (isFirst(behaviour.marker)) process.kill(process.pid, 'SIGKILL');
      emit(2);
      return process.pid;
    case 'die-then-hang':
      emit(1);
      return process.kill(process.pid, isFirst(behaviour.marker) ? 'SIGKILL' : 'SIGSTOP');
    case 'open-sessions':
      return openSessions(behaviour.model, behaviour.times);
    case 'run-on':
      emit(process.pid);
      for (;;) {
        block(behaviour.ms);
        await setImmediate();
      }
    case 'clean-up':
      emit(process.pid);
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      await sleep(behaviour.ms);
      return writeFileSync(behaviour.marker, 'clean');
  }
};

/** Each attempt leaves a letter in the marker. */
function isFirst(marker: string): boolean {
  appendFileSync(marker, 'x');
  return readFileSync(marker, 'utf8') === 'x';
}

/** Imported when asked for: the other behaviours start faster without the library. */
async function openSessions(model: string, times: number): Promise<number> {
  const { ortRuntime } = await import('../../src/runtime/ort.js');
  for (let i = 0; i < times; i++) await (await ortRuntime.open(model)).close();
  return process.pid;
}

const STEP = 16 * 2 ** 20;
const kept: Buffer[] = [];

/** About 1 GB a second, as slow as a model that is opened. */
function fillNative(bytes: number): number {
  for (let filled = 0; filled < bytes; filled += STEP) {
    kept.push(Buffer.allocUnsafeSlow(STEP).fill(1));
    block(10);
  }
  return process.pid;
}

/** Keeps the thread busy as a native call would. */
function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

function fillHeap(): number {
  const kept: number[][] = [];
  for (;;) kept.push(Array.from({ length: 10_000 }, (_, i) => i + kept.length));
}

export default behave;
