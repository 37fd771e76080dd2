/**
 * Disks that are full while a run is under way: the cache's, the one for what is kept aside, and the result's.
 * bench/faults.ts fills each of them in every stage.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Place, Start } from '../../bench/faults/command.js';
import { canMount, type Disk, mountDisk, runUntilFull } from '../../bench/faults/disks.js';
import { expectClean, openScene, type Scene } from './scene.js';

const MEBIBYTES = 16;

let disk: Disk | undefined;
afterEach(() => {
  disk?.unmount();
  disk = undefined;
});

describe.runIf(canMount())('a disk that is full', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await openScene('disks', 'tiny');
  }, 60_000);

  /** A run of which one folder lies on a disk of its own. */
  function onDisk(name: keyof Place): { readonly what: Start; readonly disk: Disk } {
    const what = scene.fresh();
    disk = mountDisk(`${what.place[name]}-disk`, MEBIBYTES);
    return { what: { ...what, place: { ...what.place, [name]: join(disk.folder, name) } }, disk };
  }

  it.each([
    ['cache', 'float'],
    ['cache', 'search'],
    ['scratch', 'data'],
    ['out', 'holdout'],
  ] as const)('the one of %s, from %s on: is said, and after space was made the run goes on', async (name, stage) => {
    const { what, disk } = onDisk(name);
    const { status, said } = await runUntilFull(what, disk, stage);
    expect(status, said).toBe(1);
    expect(said).toMatch(/error: .*the disk is full/);
    expect(existsSync(what.place.out)).toBe(false);
    disk.free();
    await scene.endsWell(what);
    expectClean(what.place);
  });

  it('the one of cache, when all was measured: the result is written, and said to be', async () => {
    const { what, disk } = onDisk('cache');
    const { status, said } = await runUntilFull(what, disk, 'holdout');
    expect(status, said).toBe(existsSync(what.place.out) ? 0 : 1);
    disk.free();
    await scene.endsWell(what);
    expectClean(what.place);
  });
});
