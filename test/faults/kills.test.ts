/** A run killed at any moment goes on where it was. The long form is bench/faults.ts. */
import { describe, expect, it } from 'vitest';
import { killUntilDone, type Moment } from '../../bench/faults/kills.js';
import { canSeeProcesses } from '../../bench/faults/processes.js';
import { random } from '../../src/kernel/random.js';
import { expectClean, openScene } from './scene.js';

const KILLS = 5;

describe.runIf(canSeeProcesses)('a run killed again and again', () => {
  it('ends with the bytes of the run that nobody disturbed, and repeats nothing', async () => {
    const scene = await openScene('kills');
    const what = scene.fresh();
    const { kills, survivors, last } = await killUntilDone(what, moments(1000 * scene.seconds), KILLS);
    expect(last, last.said).toMatchObject({ status: 0 });
    expect(kills).toBeGreaterThanOrEqual(3);
    expect(survivors).toBe(0);
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
