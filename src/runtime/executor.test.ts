import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { Behaviour } from '../../test/jobs/behaviour-job.js';
import { buildModel, value } from '../graph/build.js';
import { saveModel } from '../graph/to-onnx.js';
import { BitloomError } from '../kernel/errors.js';
import { defaultSplit } from './cores.js';
import { localExecutor } from './executor.js';
import type { Job } from './job.js';

const job: Job<Behaviour, unknown, number> = {
  module: new URL('../../test/jobs/behaviour-job.ts', import.meta.url).href,
};
const executor = localExecutor({ workers: 1, threads: 1 });
const folder = mkdtempSync(join(tmpdir(), 'bitloom-executor-'));
afterAll(async () => {
  await executor.close();
  rmSync(folder, { recursive: true });
});

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

  it('names the job whose process died twice, and runs the waiting jobs in a new process', async () => {
    const before = await pidOf();
    const dying = executor.run(job, { kind: 'die' }, { what: 'plan 7' });
    const waiting = pidOf();
    await expect(dying).rejects.toMatchObject({ code: 'worker-crashed' });
    await expect(dying).rejects.toThrow(
      /the job behaviour \(plan 7\) was ended by SIGABRT; run again in a new process, it was ended by SIGABRT/,
    );
    expect(await waiting).not.toBe(before);
  });

  it('says when a job ran out of the memory it was given', async () => {
    const small = localExecutor({ workers: 1, threads: 1, memory: 64 * 2 ** 20 });
    await expect(small.run(job, { kind: 'fill-heap' })).rejects.toMatchObject({ code: 'worker-out-of-memory' });
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

  it('waits in close until an aborted job has cleaned up', async () => {
    const closing = localExecutor({ workers: 1, threads: 1 });
    const controller = new AbortController();
    const marker = join(folder, 'clean');
    const options = { signal: controller.signal, onEvent: () => controller.abort(new Error('not needed')) };
    await expect(closing.run(job, { kind: 'clean-up', ms: 300, marker }, options)).rejects.toThrow('not needed');
    expect(existsSync(marker)).toBe(false);
    await closing.close();
    expect(existsSync(marker)).toBe(true);
  });

  it('rejects what waits, what runs and what comes later once its own signal is aborted', async () => {
    const controller = new AbortController();
    const stopping = localExecutor({ workers: 1, threads: 1, signal: controller.signal });
    const running = stopping.run(job, { kind: 'until-aborted' }, { onEvent: () => controller.abort('stop') });
    const waiting = stopping.run(job, { kind: 'count', to: 1 });
    const outcomes = await Promise.allSettled([
      running,
      waiting,
      running.catch(() => stopping.run(job, { kind: 'fail' })),
    ]);
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason)).toEqual([
      'stop',
      'stop',
      'stop',
    ]);
    await stopping.close();
  });

  it('leaves no worker behind when its process gets a signal', async () => {
    const signals = ['SIGINT', 'SIGTERM', 'SIGKILL'] as const;
    await Promise.all(signals.map((signal) => endsWithItsParent(signal, ['idle'])));
  });

  it('leaves no worker behind that is amid runs, or under a memory limit amid one, when its process is killed', async () => {
    await Promise.all([
      endsWithItsParent('SIGKILL', ['runs']),
      endsWithItsParent('SIGKILL', ['blocks', String(4 * 2 ** 30)]),
    ]);
  });
});

async function endsWithItsParent(signal: NodeJS.Signals, how: readonly string[]): Promise<void> {
  const script = fileURLToPath(new URL('../../test/jobs/hold-worker.ts', import.meta.url));
  const parent = spawn(process.execPath, ['--import', 'tsx', script, ...how], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [printed] = await once(parent.stdout, 'data');
  const worker = Number(String(printed));
  expect(isAlive(worker)).toBe(true);
  const ended = once(parent, 'exit');
  parent.kill(signal);
  expect(await ended).toEqual([null, signal]);
  await expect.poll(() => isAlive(worker), { timeout: 5000 }).toBe(false);
}

describe('a job whose process is lost', () => {
  it('is run once more, and its events repeat', async () => {
    const events: number[] = [];
    const before = await pidOf();
    const behaviour: Behaviour = { kind: 'die-once', marker: join(folder, 'die-once') };
    expect(await executor.run(job, behaviour, { onEvent: (event) => events.push(event) })).not.toBe(before);
    expect(events).toEqual([1, 1, 2]);
  });

  it('is not run again when its caller has gone', async () => {
    const controller = new AbortController();
    const marker = join(folder, 'aborted');
    const options = { signal: controller.signal, onEvent: () => controller.abort() };
    await expect(executor.run(job, { kind: 'die-once', marker }, options)).rejects.toThrow(/abort/i);
    expect(await executor.run(job, { kind: 'count', to: 3 })).toBe(3);
    expect(readFileSync(marker, 'utf8')).toBe('x');
  });

  it('is given up after two, with both ends in the error', async () => {
    const impatient = localExecutor({ workers: 1, threads: 1, silenceMs: 3000 });
    const lost = impatient.run(job, { kind: 'die-then-hang', marker: join(folder, 'hang') }, { what: 'candidate 3' });
    await expect(lost).rejects.toMatchObject({ code: 'worker-silent' });
    await expect(lost).rejects.toThrow(
      /behaviour \(candidate 3\) was ended by SIGKILL; run again in a new process, it gave no sign of life for 3 s/,
    );
    expect(await impatient.run(job, { kind: 'count', to: 1 })).toBe(1);
    await impatient.close();
  });

  it('is told from one that threw, which is not run again', async () => {
    const before = await pidOf();
    await expect(executor.run(job, { kind: 'fail' })).rejects.toMatchObject({ code: 'bad-sample' });
    expect(await pidOf()).toBe(before);
  });
});

describe('a worker with a share of the memory', () => {
  const SHARE = 256 * 2 ** 20;
  const limited = localExecutor({ workers: 2, threads: 1, memory: 2 * SHARE });
  afterAll(() => limited.close());

  it('is ended amid a native call that takes more, and says how much that was', async () => {
    const filling = limited.run(job, { kind: 'fill-native', bytes: 8 * SHARE });
    await expect(filling).rejects.toMatchObject({ code: 'worker-out-of-memory' });
    await expect(filling).rejects.toThrow(/it held (2[5-9][0-9]|[3-9][0-9]{2}) MiB, its share was 256 MiB; run again/);
    expect(limited.peakBytes()).toBeGreaterThan(SHARE);
  });

  it('goes on while it stays below', async () => {
    const pid = await limited.run(job, { kind: 'fill-native', bytes: SHARE / 4 });
    expect(await limited.run(job, { kind: 'fill-native', bytes: 0 })).toBe(pid);
  });

  it('is replaced when it stays above after its job', async () => {
    const small = localExecutor({ workers: 1, threads: 1, memory: SHARE });
    const before = await pidOf(small);
    // Whether its guard or the pool sees it first depends on the moment.
    await small.run(job, { kind: 'fill-native', bytes: SHARE }).catch(() => undefined);
    expect(await pidOf(small)).not.toBe(before);
    await small.close();
  });
});

describe('a worker that opened many sessions', () => {
  it('is replaced after as many as it may', async () => {
    const model = join(folder, 'relu.onnx');
    const shapes = { inputs: [value('x', 'float32', [1])], outputs: [value('y', 'float32', [1])] };
    await saveModel(
      buildModel(shapes, (edit) => edit.add({ op: 'Relu', inputs: ['x'], outputs: ['y'] })),
      model,
    );
    const few = localExecutor({ workers: 1, threads: 1, sessions: 3 });
    const pids = [];
    for (const times of [2, 1, 1]) pids.push(await few.run(job, { kind: 'open-sessions', model, times }));
    expect(pids[1]).toBe(pids[0]);
    expect(pids[2]).not.toBe(pids[0]);
    await few.close();
  });
});

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
