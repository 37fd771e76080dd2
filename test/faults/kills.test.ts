/** A run whose processes are killed at any moment goes on where it was. The long form is bench/faults.ts. */
import { beforeAll, describe, expect, it } from 'vitest';
import { begins, start } from '../../bench/faults/command.js';
import { killUntilDone, type Moment } from '../../bench/faults/kills.js';
import { busyWorker, canSeeProcesses } from '../../bench/faults/processes.js';
import { random } from '../../src/kernel/random.js';
import { expectClean, openScene, type Scene } from './scene.js';

const KILLS = 5;

describe.runIf(canSeeProcesses)('a run that searches', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await openScene('kills', 'searched');
  }, 60_000);

  it('killed again and again, ends as if nobody had disturbed it, and repeats nothing', async () => {
    const what = scene.fresh();
    const { kills, survivors, last } = await killUntilDone(what, moments(1000 * scene.seconds), KILLS);
    expect(last, last.said).toMatchObject({ status: 0 });
    expect(kills).toBeGreaterThanOrEqual(3);
    expect(survivors).toBe(0);
    scene.expectEqual(what.place);
    expectClean(what.place);
  });

  it('goes on when a worker process is killed in the middle of an evaluation', async () => {
    const what = scene.fresh();
    const running = start(what);
    await begins(running, 'search');
    process.kill(await busyWorker(running.pid), 'SIGKILL');
    const { status, said } = await running.ended;
    expect(status, said).toBe(0);
    scene.expectEqual(what.place);
    expectClean(what.place);
  });
});

/** Three that come for certain, then any: where the machine is slow the run is killed in other places, and that is well. */
function* moments(durationMs: number): Generator<Moment> {
  yield { kind: 'stage', stage: 'data', ms: 100 };
  yield { kind: 'stage', stage: 'calibration', ms: 0 };
  yield { kind: 'stage', stage: 'search', ms: 60 };
  const source = random(5);
  for (;;) yield { kind: 'time', ms: source.uniform() * durationMs };
}
