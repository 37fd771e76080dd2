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
  | { readonly kind: 'fill-heap' };

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
  }
};

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
