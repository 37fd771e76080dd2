/** Stores that are damaged, held by others, or not ours. */
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { begins, type Place, run, type Start, start } from '../../bench/faults/command.js';
import { cacheDatabase, runDatabase, runFolderOf } from '../../bench/faults/evidence.js';
import { writeSubject } from '../../bench/faults/subject.js';
import { openDatabase } from '../../src/store/database.js';
import { expectClean, openScene, type Scene } from './scene.js';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene('stores', 'tiny');
}, 60_000);

/** Runs what cannot run, and answers with what it said. */
async function refusal(what: Start): Promise<string> {
  const { status, said } = await run(what);
  expect(status, said).toBe(1);
  return said;
}

function largestFile(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file));
  return files.filter((file) => statSync(file).isFile()).sort((a, b) => statSync(b).size - statSync(a).size)[0];
}

function flipByte(file: string): void {
  const bytes = readFileSync(file);
  bytes[bytes.length >> 1] ^= 1;
  chmodSync(file, 0o644);
  writeFileSync(file, bytes);
}

const DAMAGES: readonly (readonly [name: string, damage: (place: Place) => void, note: RegExp])[] = [
  [
    'a file of the run with one bit flipped',
    (place) => flipByte(largestFile(join(runFolderOf(place), 'artifacts'))),
    /damaged/,
  ],
  [
    'a run database cut in half',
    (place) => truncateSync(runDatabase(place), statSync(runDatabase(place)).size / 2),
    /set aside/,
  ],
  [
    'a cache database cut in half',
    (place) => truncateSync(cacheDatabase(place), statSync(cacheDatabase(place)).size / 2),
    /set aside/,
  ],
];

describe('damage', () => {
  it.each(DAMAGES)('%s is noted, and the result is the same', async (_, damage, note) => {
    const what = scene.finished();
    damage(what.place);
    await scene.endsWell(what);
    expect(readFileSync(join(what.place.out, 'report.json'), 'utf8')).toMatch(note);
  });

  it('in a file that the cache has too: it is measured again', async () => {
    const what = scene.finished();
    for (const folder of [what.place.cache, runFolderOf(what.place)]) flipByte(largestFile(join(folder, 'artifacts')));
    await scene.endsWell(what);
    expect(readFileSync(join(what.place.out, 'report.json'), 'utf8')).toMatch(/damaged/);
  });
});

describe('a run folder that another process holds', () => {
  it('is refused with the name of the process, which goes on unharmed', async () => {
    const what = scene.fresh();
    const first = start(what);
    await begins(first, 'float');
    const said = await refusal(what);
    expect(said).toMatch(new RegExp(`the run is held by process ${first.pid} since \\d{4}-`));
    expect(await first.ended).toMatchObject({ status: 0 });
    scene.expectEqual(what.place);
    expectClean(what.place);
  });
});

describe('a cache that another program locks', () => {
  it('is named after the time that is waited', async () => {
    const what = scene.finished();
    rmSync(join(what.place.cache, 'runs'), { recursive: true });
    const other = openDatabase(cacheDatabase(what.place), { owner: 'cache', busyMs: 0 });
    other.exec('DELETE FROM results; BEGIN EXCLUSIVE');
    try {
      expect(await refusal(what)).toContain('another program holds the database of the cache');
    } finally {
      other.exec('ROLLBACK');
      other.close();
    }
    await scene.endsWell(what);
  });
});

describe('a store that is not ours to use', () => {
  it.each([
    ['run', runDatabase],
    ['cache', cacheDatabase],
  ] as const)('a newer bitloom wrote: the %s is refused, not changed', async (owner, databaseOf) => {
    const what = scene.finished();
    const file = databaseOf(what.place);
    const database = openDatabase(file, { owner, busyMs: 1000 });
    database.exec('PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)');
    database.close();
    const before = readFileSync(file);
    expect(await refusal(what)).toContain(`the ${owner} was written by a newer bitloom (schema 99`);
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('holds the run of another model: both are named', async () => {
    const what = scene.finished();
    const subject = writeSubject(join(scene.folder, 'other'), 'tiny', 2);
    const said = await refusal({ ...what, subject, options: ['--run', runFolderOf(what.place)] });
    expect(said).toContain('holds the run of another model');
    for (const model of [subject.model, what.subject.model]) expect(said).toContain(model);
  });

  it('lies where nothing can be written', async () => {
    const what = scene.fresh();
    const file = join(scene.folder, 'a file');
    writeFileSync(file, '');
    const said = await refusal({ ...what, place: { ...what.place, cache: join(file, 'cache') } });
    expect(said).toContain('the cache cannot be written');
  });
});

describe('a clock set back by a year', () => {
  it('changes nothing', async () => {
    const what = scene.fresh();
    const running = start(what);
    await begins(running, 'search');
    running.process.kill('SIGKILL');
    await running.ended;
    const clock = join(scene.folder, 'clock.mjs');
    writeFileSync(clock, YEAR_AGO);
    await scene.endsWell({ ...what, node: ['--import', clock] });
    expectClean(what.place);
    expect(readFileSync(join(what.place.out, 'report.json'), 'utf8')).not.toMatch(/-\d+(\.\d+)? s/);
  });
});

/** Loaded before bitloom: every clock that people set is a year behind; the monotonic one is not one of them. */
const YEAR_AGO = `
const YEAR_MS = 365 * 24 * 3600 * 1000;
const now = Date.now;
Date.now = () => now() - YEAR_MS;
globalThis.Date = class extends Date {
  constructor(...given) {
    super(...(given.length > 0 ? given : [now() - YEAR_MS]));
  }
};
`;
