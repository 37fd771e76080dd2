import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { Behaviour } from '../../test/jobs/behaviour-job.js';
import { BitloomError } from '../kernel/errors.js';
import { defaultSplit } from './cores.js';
import { localExecutor } from './executor.js';
import type { Job } from './job.js';

const job: Job<Behaviour, unknown, number> = {
  module: new URL('../../test/jobs/behaviour-job.ts', import.meta.url).href,
};
const executor = localExecutor({ workers: 1, threads: 1 });
afterAll(() => executor.close());

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function pidOf(run = executor): Promise<number> {
  const answer = await run.run(job, { kind: 'echo', value: 0 });
  if (typeof answer !== 'object' || answer === null || !('pid' in answer)) throw new Error('no pid');
  return Number(answer.pid);
}

describe('localExecutor', () => {
  it('runs a job elsewhere and hands typed arrays through unchanged', async () => {
    const value = { weights: Float32Array.of(1, 2, 3), ids: BigInt64Array.of(7n) };
    const answer = await executor.run(job, { kind: 'echo', value });
    expect(answer).toMatchObject({ value });
    expect(await pidOf()).not.toBe(process.pid);
  });

  it('forwards events in order and reuses its worker', async () => {
    const events: number[] = [];
    const first = await pidOf();
    expect(await executor.run(job, { kind: 'count', to: 5 }, { onEvent: (event) => events.push(event) })).toBe(5);
    expect(events).toEqual([0, 1, 2, 3, 4]);
    expect(await pidOf()).toBe(first);
  });

  it('carries the problems of a BitloomError across', async () => {
    const error = await executor.run(job, { kind: 'fail' }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(BitloomError);
    expect(error).toMatchObject({ code: 'bad-sample', problems: [{ place: { sample: 'a.png' } }] });
  });

  it('keeps the event loop free while a job blocks its process', async () => {
    await pidOf();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    await executor.run(job, { kind: 'block', ms: 300 });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(10);
  });

  it('names the job whose process died, and runs the waiting jobs in a new process', async () => {
    const before = await pidOf();
    const dying = executor.run(job, { kind: 'die' });
    const waiting = pidOf();
    await expect(dying).rejects.toMatchObject({ code: 'worker-crashed' });
    await expect(dying).rejects.toThrow(/the job behaviour was ended by SIGABRT/);
    expect(await waiting).not.toBe(before);
  });

  it('says when a job ran out of the memory it was given', async () => {
    const small = localExecutor({ workers: 1, threads: 1, memory: 64 * 2 ** 20 });
    await expect(small.run(job, { kind: 'fill-heap' })).rejects.toMatchObject({ code: 'worker-out-of-memory' });
    await small.close();
  });

  it('replaces a worker that is above its share of the memory', async () => {
    const small = localExecutor({ workers: 1, threads: 1, memory: 1 });
    expect(await pidOf(small)).not.toBe(await pidOf(small));
    await small.close();
  });

  it('rejects an aborted job at once and goes on with the same worker', async () => {
    const controller = new AbortController();
    const before = await pidOf();
    const run = executor.run(
      job,
      { kind: 'until-aborted' },
      { signal: controller.signal, onEvent: () => controller.abort() },
    );
    await expect(run).rejects.toThrow(/abort/i);
    expect(await pidOf()).toBe(before);
  });

  it('ends the process of a job that does not listen to an abort', async () => {
    const controller = new AbortController();
    const before = await pidOf();
    const options = { signal: controller.signal, onEvent: () => controller.abort() };
    await expect(executor.run(job, { kind: 'deaf' }, options)).rejects.toThrow(/abort/i);
    expect(await pidOf()).not.toBe(before);
    expect(isAlive(before)).toBe(false);
  });

  it('rejects a waiting job that is aborted before it starts', async () => {
    const controller = new AbortController();
    const running = executor.run(job, { kind: 'block', ms: 50 });
    const waiting = executor.run(job, { kind: 'count', to: 1 }, { signal: controller.signal });
    controller.abort(new Error('not needed'));
    await expect(waiting).rejects.toThrow('not needed');
    await running;
  });

  it('runs as many jobs at once as it has workers', async () => {
    const two = localExecutor({ workers: 2, threads: 1 });
    const pids = await Promise.all([1, 2, 3, 4].map(() => two.run(job, { kind: 'block', ms: 100 })));
    expect(new Set(pids).size).toBe(2);
    await two.close();
  });

  it('rejects what is left when it closes, and leaves no process behind', async () => {
    const closing = localExecutor({ workers: 1, threads: 1 });
    const pid = await pidOf(closing);
    const running = expect(closing.run(job, { kind: 'deaf' })).rejects.toMatchObject({ code: 'executor-closed' });
    const waiting = expect(closing.run(job, { kind: 'fail' })).rejects.toMatchObject({ code: 'executor-closed' });
    await closing.close();
    await Promise.all([running, waiting]);
    expect(isAlive(pid)).toBe(false);
    await expect(closing.run(job, { kind: 'fail' })).rejects.toMatchObject({ code: 'executor-closed' });
  });

  it('leaves no worker behind when its process gets a signal', async () => {
    const signals = ['SIGINT', 'SIGTERM', 'SIGKILL'] as const;
    await Promise.all(signals.map(endsWithItsParent));
  });
});

async function endsWithItsParent(signal: NodeJS.Signals): Promise<void> {
  const script = fileURLToPath(new URL('../../test/jobs/hold-worker.ts', import.meta.url));
  const parent = spawn(process.execPath, ['--import', 'tsx', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [printed] = await once(parent.stdout, 'data');
  const worker = Number(String(printed));
  expect(isAlive(worker)).toBe(true);
  const ended = once(parent, 'exit');
  parent.kill(signal);
  expect(await ended).toEqual([null, signal]);
  await expect.poll(() => isAlive(worker), { timeout: 5000 }).toBe(false);
}

describe('defaultSplit', () => {
  it.each([
    [1, { workers: 1, threads: 1 }],
    [2, { workers: 2, threads: 1 }],
    [6, { workers: 4, threads: 1 }],
    [16, { workers: 4, threads: 4 }],
  ])('splits %i cores', (cores, split) => {
    expect(defaultSplit(cores)).toEqual(split);
  });
});
