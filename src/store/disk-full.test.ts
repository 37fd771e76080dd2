import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openCache, runFolder } from './cache.js';
import { filesBelow } from './disk-usage.js';
import { pruneCache } from './prune.js';
import { resultKind } from './result-kind.js';
import { openRun } from './run-store.js';

const ABOUT = { id: 'r', command: 'quantize', model: { path: 'm.onnx', hash: 'aaaa' }, settings: {} };
const BYTES = resultKind<Uint8Array>('bytes');
const mounted: string[] = [];
const folder = mkdtempSync(join(tmpdir(), 'bitloom-full-'));

afterAll(() => {
  for (const path of mounted) execFileSync('umount', ['--lazy', path]);
  rmSync(folder, { recursive: true, force: true });
});

/** A file system of its own, or nothing where one may not be mounted. */
function mount(options: string): string | undefined {
  const path = mkdtempSync(join(folder, 'disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  mounted.push(path);
  return path;
}

const disk = () => mount('size=1m');
const canMount = disk() !== undefined;

/** Keeps values of `bytes` until that fails; how many there were, and why it failed. */
async function fill(keep: (i: number, value: Uint8Array) => Promise<void>, bytes: number) {
  for (let i = 0; ; i++) {
    try {
      await keep(i, new Uint8Array(bytes).fill(i));
    } catch (error) {
      return { kept: i, error };
    }
  }
}

describe.runIf(canMount)('on a full disk', () => {
  it.each([10_000, 100_000])('a run says so and holds what was kept: values of %i bytes', async (bytes) => {
    const root = disk() ?? '';
    const ballast = join(root, 'ballast');
    writeFileSync(ballast, new Uint8Array(200_000));
    const path = join(root, 'run');
    const run = await openRun(path, ABOUT);
    const { kept, error } = await fill((i, value) => run.keep(BYTES, { i }, value), bytes);
    expect(error).toMatchObject({ code: 'disk-full' });
    expect(kept).toBeGreaterThan(3);
    for (let i = 0; i < kept; i++) expect((await run.find(BYTES, { i }))?.[0]).toBe(i);
    expect(await run.find(BYTES, { i: kept })).toBeUndefined();
    expect(filesBelow(join(path, 'artifacts', 'partial'))).toEqual([]);
    run.finish('interrupted');
    await run.close();
    rmSync(ballast);
    const again = await openRun(path, ABOUT);
    expect([again.notes, again.resumed]).toEqual([[], kept]);
    await again.close();
  });

  it('a cache says so and holds what was kept', async () => {
    const path = join(disk() ?? '', 'cache');
    const cache = await openCache(path, { maxBytes: 2 ** 30 });
    const { kept, error } = await fill((i, value) => cache.keep(BYTES, { i }, value), 50_000);
    expect(error).toMatchObject({ code: 'disk-full' });
    for (let i = 0; i < kept; i++) expect((await cache.find(BYTES, { i }))?.[0]).toBe(i);
    await cache.close();
  });

  it('pruning makes room', async () => {
    const path = disk() ?? '';
    const run = await openRun(runFolder(path, 'r'), ABOUT);
    await run.keep(BYTES, {}, new Uint8Array(100_000));
    await run.close();
    await (await openCache(path, { maxBytes: 1e9 })).close();
    execFileSync('sh', ['-c', `cat /dev/zero > ${path}/filler || true`], { stdio: 'ignore' });
    expect((await pruneCache(path, { all: true })).runs).toEqual(['r']);
  });

  it('neither a run nor a cache is opened where there is no room at all', async () => {
    const path = disk() ?? '';
    execFileSync('sh', ['-c', `cat /dev/zero > ${path}/filler || true`], { stdio: 'ignore' });
    await expect(openRun(join(path, 'run'), ABOUT)).rejects.toMatchObject({ code: 'disk-full' });
    await expect(openCache(join(path, 'cache'), { maxBytes: 1e9 })).rejects.toMatchObject({ code: 'disk-full' });
  });
});

describe.runIf(canMount)('on a disk that may not be written', () => {
  it('a run and a cache say so', async () => {
    const path = mount('size=1m,ro') ?? '';
    await expect(openRun(join(path, 'run'), ABOUT)).rejects.toMatchObject({ code: 'cannot-write' });
    await expect(openCache(join(path, 'cache'), { maxBytes: 1e9 })).rejects.toMatchObject({ code: 'cache-unwritable' });
    await expect(openCache(path, { maxBytes: 1e9 })).rejects.toMatchObject({ code: 'cache-unwritable' });
  });
});
