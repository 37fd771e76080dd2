import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CacheStore, defaultCacheFolder, openCache, runFolder } from './cache.js';
import { openDatabase } from './database.js';
import { describeCache } from './describe-cache.js';
import { bytesOf, filesBelow } from './disk-usage.js';
import { pruneCache } from './prune.js';
import { resultKind } from './result-kind.js';
import { layered } from './results.js';
import { openRun } from './run-store.js';

const MIB = 2 ** 20;
const DAY_MS = 86_400_000;
const BYTES = resultKind<Uint8Array>('bytes');
const PROBE = resultKind<{ readonly i: number; readonly values: Float32Array }>('probe');
const PROCESS = fileURLToPath(new URL('../../test/support/store-process.ts', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bitloom-cache-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const aboutOf = (id: string) => ({ id, command: 'quantize', model: { path: `${id}.onnx`, hash: id }, settings: {} });

/** A run in the cache's folder with one file of so many bytes that no other shares. */
async function addRun(id: string, status: 'finished' | 'interrupted' | 'failed', bytes: number, atMs: number) {
  const run = await openRun(runFolder(folder, id), aboutOf(id), { now: () => atMs });
  await run.keep(BYTES, { id }, new Uint8Array(bytes).fill(id.length + bytes));
  run.finish(status);
  await run.close();
}

async function fill(cache: CacheStore, from: number, to: number, bytes: number) {
  for (let i = from; i < to; i++) await cache.keep(BYTES, { i }, new Uint8Array(bytes).fill(i));
}

async function held(cache: CacheStore, count: number): Promise<readonly number[]> {
  const found = await Promise.all(Array.from({ length: count }, (_, i) => cache.find(BYTES, { i })));
  return found.flatMap((value, i) => (value ? [i] : []));
}

const diskBytes = () => bytesOf(filesBelow(folder));

describe('a cache', () => {
  it('serves two processes at once', async () => {
    const start = (from: string, to: string) =>
      spawn(process.execPath, ['--import', 'tsx', PROCESS, 'share', folder, from, to], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
    const ends = await Promise.all([start('0', '120'), start('60', '180')].map((child) => once(child, 'close')));
    expect(ends.map(([code]) => code)).toEqual([0, 0]);
    const cache = await openCache(folder, { maxBytes: 2 ** 30 });
    for (let i = 0; i < 180; i++) expect((await cache.find(PROBE, { i }))?.values[0]).toBe(i);
    expect(cache.notes).toEqual([]);
    await cache.close();
  });

  it('says that another program holds its database', async () => {
    const cache = await openCache(folder, { maxBytes: MIB, busyMs: 50 });
    const other = openDatabase(join(folder, 'results.sqlite'), { owner: 'cache', busyMs: 0 });
    other.exec('BEGIN IMMEDIATE');
    await expect(cache.keep(BYTES, { i: 1 }, new Uint8Array(1))).rejects.toMatchObject({ code: 'cache-busy' });
    other.exec('ROLLBACK');
    await cache.keep(BYTES, { i: 1 }, new Uint8Array(1));
    other.close();
    await cache.close();
  });

  it('sets a damaged database aside and starts with an empty one', async () => {
    await (await openCache(folder, { maxBytes: MIB })).close();
    for (const file of readdirSync(folder).filter((name) => /-(wal|shm)$/.test(name))) rmSync(join(folder, file));
    writeFileSync(join(folder, 'results.sqlite'), 'garbage'.repeat(1000));
    const cache = await openCache(folder, { maxBytes: MIB });
    expect(cache.notes).toHaveLength(1);
    await cache.keep(BYTES, { i: 1 }, new Uint8Array(1));
    await cache.close();
    expect(readdirSync(folder)).toContain('results.sqlite.damaged-1');
  });

  it('refuses the database of a newer bitloom', async () => {
    await (await openCache(folder, { maxBytes: MIB })).close();
    const database = openDatabase(join(folder, 'results.sqlite'), { owner: 'cache', busyMs: 1000 });
    database.exec('PRAGMA user_version = 99');
    database.close();
    await expect(openCache(folder, { maxBytes: MIB })).rejects.toMatchObject({ code: 'store-newer' });
  });

  it('says that its folder cannot be written', async () => {
    writeFileSync(join(folder, 'file'), '');
    const path = join(folder, 'file', 'cache');
    await expect(openCache(path, { maxBytes: MIB })).rejects.toMatchObject({ code: 'cache-unwritable' });
  });

  it('does not take a file larger than an eighth of its room', async () => {
    const cache = await openCache(folder, { maxBytes: 8 * MIB });
    await cache.keep(BYTES, { i: 0 }, new Uint8Array(MIB + 1));
    await cache.keep(BYTES, { i: 1 }, new Uint8Array(MIB / 2));
    expect(await held(cache, 2)).toEqual([1]);
    await cache.close();
  });

  it('misses a value whose file another process has pruned', async () => {
    const cache = await openCache(folder, { maxBytes: 2 ** 30 });
    await fill(cache, 0, 3, 100_000);
    await pruneCache(folder, { all: true });
    expect(await held(cache, 3)).toEqual([]);
    await fill(cache, 0, 3, 100_000);
    expect(await held(cache, 3)).toEqual([0, 1, 2]);
    expect(cache.notes).toEqual([]);
    await cache.close();
  });

  it('has its place in BITLOOM_CACHE, if that is set', () => {
    const before = process.env.BITLOOM_CACHE;
    try {
      process.env.BITLOOM_CACHE = folder;
      expect(defaultCacheFolder()).toBe(folder);
      delete process.env.BITLOOM_CACHE;
      expect(defaultCacheFolder()).toMatch(/bitloom/);
    } finally {
      if (before === undefined) delete process.env.BITLOOM_CACHE;
      else process.env.BITLOOM_CACHE = before;
    }
  });
});

describe('bounds', () => {
  it.each([
    ['rows', 20_000],
    ['files', 100_000],
  ])('%s used least recently go first when it is closed', async (_, bytes) => {
    const cache = await openCache(folder, { maxBytes: 2 ** 30 });
    await fill(cache, 0, 30, bytes);
    await cache.close();
    const again = await openCache(folder, { maxBytes: 15 * bytes });
    expect(await cacheFinds(again, [0, 1])).toBe(2);
    await again.close();
    expect(diskBytes()).toBeLessThanOrEqual(15 * bytes);
    const last = await openCache(folder, { maxBytes: 2 ** 30 });
    const left = await held(last, 30);
    expect(left.slice(0, 2)).toEqual([0, 1]);
    expect(left.at(-1)).toBe(29);
    expect(left.slice(2)).toEqual(Array.from({ length: left.length - 2 }, (_, i) => 32 - left.length + i));
    expect(left.length).toBeGreaterThan(4);
    await last.close();
  });

  it('hold while it grows', async () => {
    const cache = await openCache(folder, { maxBytes: 4 * MIB });
    let most = 0;
    for (let i = 0; i < 60; i++) {
      await fill(cache, i, i + 1, 200_000);
      most = Math.max(most, diskBytes());
    }
    expect(most).toBeLessThan(4.5 * MIB);
    expect(await cacheFinds(cache, [59, 58, 57])).toBe(3);
    await cache.close();
  });

  it('order by use, not by a clock that was set back', async () => {
    let now = Date.parse('2026-06-01');
    const cache = await openCache(folder, { maxBytes: 2 ** 30, now: () => now });
    await fill(cache, 0, 10, 100_000);
    now -= 300 * DAY_MS;
    await fill(cache, 10, 20, 100_000);
    await cache.close();
    await pruneCache(folder, { maxBytes: 1_100_000 });
    const again = await openCache(folder, { maxBytes: 2 ** 30 });
    const left = await held(again, 20);
    expect(left).toEqual(Array.from({ length: left.length }, (_, i) => 20 - left.length + i));
    expect(left.length).toBeGreaterThan(3);
    await again.close();
  });

  it('take finished runs, the oldest first, then interrupted ones, and never one that is held', async () => {
    await addRun('finished-new', 'finished', MIB, Date.parse('2026-03-01'));
    await addRun('finished-old', 'finished', MIB + 1, Date.parse('2026-02-01'));
    await addRun('interrupted', 'interrupted', MIB + 2, Date.parse('2026-01-01'));
    const busy = await openRun(runFolder(folder, 'busy'), aboutOf('busy'), { now: () => 0 });
    await busy.keep(BYTES, { busy: true }, new Uint8Array(MIB));
    expect((await pruneCache(folder, { maxBytes: 4 * MIB })).runs).toEqual(['finished-old']);
    expect((await pruneCache(folder, { maxBytes: 3 * MIB })).runs).toEqual(['finished-new']);
    expect((await pruneCache(folder, { maxBytes: 1.5 * MIB })).runs).toEqual(['interrupted']);
    expect((await pruneCache(folder, { all: true })).runs).toEqual([]);
    expect(await busy.find(BYTES, { busy: true })).toBeDefined();
    await busy.close();
    expect((await pruneCache(folder, { all: true })).runs).toEqual(['busy']);
  });

  it('leave half the room to shared results while runs that ended can go', async () => {
    const cache = await openCache(folder, { maxBytes: 2 ** 30 });
    await fill(cache, 0, 4, 100_000);
    await cache.close();
    await addRun('a', 'finished', MIB, 0);
    const pruned = await pruneCache(folder, { maxBytes: MIB });
    expect([pruned.results, pruned.runs]).toEqual([0, ['a']]);
    expect(pruned.freedBytes).toBeGreaterThan(MIB);
    expect(pruned.leftBytes).toBe(diskBytes());
  });

  it('know that a file shared with a run takes room once', async () => {
    const cache = await openCache(folder, { maxBytes: 2 ** 30 });
    const run = await openRun(runFolder(folder, 'a'), aboutOf('a'));
    const both = layered(run, cache);
    for (let i = 0; i < 8; i++) await both.keep(BYTES, { i }, new Uint8Array(MIB / 4).fill(i));
    await run.close();
    await cache.close();
    expect((await describeCache(folder)).bytes).toBeLessThan(2.5 * MIB);
    const pruned = await pruneCache(folder, { maxBytes: 2.5 * MIB });
    expect([pruned.results, pruned.runs]).toEqual([0, []]);
  });

  it('take what was not used for some days', async () => {
    const now = Date.now();
    const cache = await openCache(folder, { maxBytes: 2 ** 30, now: () => now - 40 * DAY_MS });
    await fill(cache, 0, 4, 10);
    await cache.close();
    const later = await openCache(folder, { maxBytes: 2 ** 30 });
    await later.find(BYTES, { i: 2 });
    await later.close();
    await addRun('old', 'interrupted', 10, now - 40 * DAY_MS);
    await addRun('new', 'finished', 10, now);
    const pruned = await pruneCache(folder, { olderThanDays: 30 });
    expect([pruned.results, pruned.runs]).toEqual([3, ['old']]);
  });

  it('take files that no row knows, and what killed writers left an hour ago', async () => {
    const cache = await openCache(folder, { maxBytes: 2 ** 30 });
    await fill(cache, 0, 1, 100_000);
    const artifacts = join(folder, 'artifacts');
    const [kept] = filesBelow(artifacts).map(({ path }) => path);
    const [orphan, abandoned, written] = ['ab', 'partial/1-a', 'partial/1-b'].map((name) => join(artifacts, name));
    for (const path of [orphan, abandoned, written]) writeFileSync(path, 'x');
    const before = Date.now() / 1000 - 7200;
    utimesSync(abandoned, before, before);
    await pruneCache(folder, {});
    expect([kept, orphan, abandoned, written].map((path) => existsSync(path))).toEqual([true, false, false, true]);
    await cache.close();
  });
});

describe('a dry run', () => {
  /** Rows, files of a run's own, files shared with a run, an orphan, and runs that ended, wait and go on. */
  async function furnish() {
    const atMs = Date.parse('2026-01-01');
    const cache = await openCache(folder, { maxBytes: 2 ** 30, now: () => atMs });
    const shared = await openRun(runFolder(folder, 'shared'), aboutOf('shared'), { now: () => atMs });
    const both = layered(shared, cache);
    for (let i = 0; i < 4; i++) await both.keep(BYTES, { i }, new Uint8Array(MIB / 4).fill(i));
    await fill(cache, 4, 40, 20_000);
    await fill(cache, 40, 44, 100_000);
    shared.finish('finished');
    await shared.close();
    await cache.close();
    await addRun('old', 'finished', MIB, atMs);
    await addRun('waiting', 'interrupted', MIB + 1, atMs);
    writeFileSync(join(folder, 'artifacts', 'orphan'), 'x'.repeat(5000));
    const busy = await openRun(runFolder(folder, 'busy'), aboutOf('busy'));
    await busy.keep(BYTES, { busy: true }, new Uint8Array(MIB).fill(7));
    return busy;
  }

  it.each([
    {},
    { maxBytes: 4 * MIB },
    { maxBytes: 2 * MIB },
    { maxBytes: 0 },
    { olderThanDays: 30 },
    { olderThanDays: 30, maxBytes: MIB },
    { all: true },
  ])('of %j tells what then goes, and takes nothing', async (limits) => {
    const busy = await furnish();
    const before = await describeCache(folder);
    const files = filesBelow(folder).map(({ path }) => path);
    const { dryRun, ...told } = await pruneCache(folder, { ...limits, dryRun: true });
    expect(dryRun).toBe(true);
    expect(filesBelow(folder).map(({ path }) => path)).toEqual(expect.arrayContaining(files));
    expect(await describeCache(folder)).toMatchObject({ results: before.results, runs: before.runs });
    expect(await pruneCache(folder, limits)).toEqual(told);
    await busy.close();
  });

  it('of a folder that is not there does not make it', async () => {
    const path = join(folder, 'none');
    expect(await pruneCache(path, { all: true, dryRun: true })).toMatchObject({ results: 0, runs: [], leftBytes: 0 });
    expect(existsSync(path)).toBe(false);
  });
});

describe('describeCache', () => {
  it('finds nothing in a folder that is not there, and does not make it', async () => {
    const path = join(folder, 'none');
    expect(await describeCache(path)).toEqual({ folder: path, results: [], runs: [], bytes: 0 });
    expect(existsSync(path)).toBe(false);
  });

  it('lists results by kind, and runs with how they stand', async () => {
    const cache = await openCache(folder, { maxBytes: 2 ** 30 });
    await fill(cache, 0, 3, 10);
    await addRun('done', 'finished', 100, Date.parse('2026-02-01'));
    await addRun('broken', 'finished', 100, Date.parse('2026-02-02'));
    writeFileSync(join(runFolder(folder, 'broken'), 'run.sqlite'), 'garbage'.repeat(1000));
    const killed = await openRun(runFolder(folder, 'killed'), aboutOf('killed'), { now: () => 0 });
    await killed.close();
    const busy = await openRun(runFolder(folder, 'busy'), aboutOf('busy'));
    const listing = await describeCache(folder);
    expect(listing.results).toEqual([{ kind: 'bytes', rows: 3, bytes: expect.any(Number) }]);
    const status = Object.fromEntries(listing.runs.map((run) => [run.id, run.status]));
    expect(status).toEqual({ done: 'finished', broken: 'damaged', killed: 'interrupted', busy: 'running' });
    expect(listing.runs.find((run) => run.id === 'done')).toMatchObject({
      about: { command: 'quantize', model: { path: 'done.onnx', hash: 'done' } },
      rows: [{ kind: 'bytes', rows: 1 }],
      lastUsed: '2026-02-01T00:00:00.000Z',
    });
    expect(listing.bytes).toBe(diskBytes());
    await busy.close();
    await cache.close();
  });
});

async function cacheFinds(cache: CacheStore, indices: readonly number[]): Promise<number> {
  const found = await Promise.all(indices.map((i) => cache.find(BYTES, { i })));
  return found.filter((value) => value !== undefined).length;
}
