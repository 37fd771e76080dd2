/** Runs that are ended by a signal. */
import { watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { begins, start } from '../../bench/faults/command.js';
import { countResults, runFolderOf } from '../../bench/faults/evidence.js';
import { descendants, survivors } from '../../bench/faults/processes.js';
import { expectClean, openScene, type Scene } from './scene.js';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene('signals', 'tiny');
}, 60_000);

/** Sends the signal when the stage begins. */
async function interrupt(signal: NodeJS.Signals, stage: string) {
  const what = scene.fresh();
  const running = start(what);
  await begins(running, stage);
  const workers = descendants(running.pid);
  running.process.kill(signal);
  return { what, running, workers };
}

describe.each([
  { signal: 'SIGINT', stage: 'search', status: 130 },
  { signal: 'SIGTERM', stage: 'float', status: 143 },
] as const)('$signal', ({ signal, stage, status }) => {
  it('keeps what was measured, says how to go on, and the same command does', async () => {
    const { what, running, workers } = await interrupt(signal, stage);
    const { said, ...ended } = await running.ended;
    expect(ended.status, said).toBe(status);
    expect(said).toContain(`interrupted in ${stage}`);
    expect(said).toContain(
      `what was measured is kept in ${runFolderOf(what.place)}: the same command goes on from there`,
    );
    expect(await survivors(workers, 1000)).toEqual([]);
    expectClean(what.place);
    expect(countResults(what.place).kept).toBeGreaterThan(0);
    await scene.endsWell(what);
    expectClean(what.place);
  });
});

describe('Ctrl-C twice', () => {
  it('ends at once, and the same command still goes on', async () => {
    const { what, running, workers } = await interrupt('SIGINT', 'search');
    const sentMs = performance.now();
    running.process.kill('SIGINT');
    const { status, said } = await running.ended;
    expect(status, said).toBe(130);
    expect(performance.now() - sentMs).toBeLessThan(1000);
    expect(await survivors(workers, 1000)).toEqual([]);
    await scene.endsWell(what);
    expectClean(what.place);
  });
});

describe('SIGKILL while the result is written', () => {
  it('leaves no folder under a temporary name behind once the run was resumed', async () => {
    const what = scene.fresh();
    const running = start(what);
    const { out } = what.place;
    const watcher = watch(dirname(out), (_, name) => {
      if (name?.startsWith(`.${basename(out)}-`)) running.process.kill('SIGKILL');
    });
    await running.ended;
    watcher.close();
    await scene.endsWell(what);
    expectClean(what.place);
  });
});
