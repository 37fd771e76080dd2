import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCache } from './cache.js';
import { openDatabase } from './database.js';
import { filesBelow } from './disk-usage.js';
import { resultKind } from './result-kind.js';
import { layered } from './results.js';
import { openRun } from './run-store.js';

const ABOUT = { id: 'r', command: 'quantize', model: { path: 'm.onnx', hash: 'aaaa' }, settings: {} };
const ANY = resultKind<unknown>('any');
const NUMBER = resultKind<number>('number');
const LARGE = new Float64Array(20_000).map((_, i) => i / 7);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bitloom-store-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function openBoth(run = 'run') {
  const mine = await openRun(join(folder, run), ABOUT);
  const cache = await openCache(join(folder, 'cache'), { maxBytes: 2 ** 30 });
  const close = async () => {
    await mine.close();
    await cache.close();
  };
  return { mine, cache, both: layered(mine, cache), close };
}

function computed(file: string, kind: string): number {
  const database = openDatabase(join(folder, file), { owner: 'run', busyMs: 1000 });
  const [row] = database.all('SELECT sum(computed) AS times FROM results WHERE kind = ?1', [kind]);
  database.close();
  return Number(row.times);
}

const VALUES: readonly (readonly [string, unknown])[] = [
  ['typed arrays', { a: new Float32Array([1.5, -0]), b: new BigInt64Array([3n]), c: new Uint8Array(0) }],
  ['numbers that JSON cannot say', [Number.POSITIVE_INFINITY, Number.NaN, -0]],
  ['undefined inside', { a: undefined, b: [undefined] }],
  [
    'maps, sets and dates',
    new Map<unknown, unknown>([
      ['a', new Set([1])],
      ['b', new Date(5)],
    ]),
  ],
  ['null', null],
  ['a value large enough for a file', { large: LARGE, name: 'x' }],
];

describe('a run store', () => {
  it.each(VALUES)('gives back %s, also after it was opened again', async (_, value) => {
    const run = await openRun(join(folder, 'run'), ABOUT);
    await run.keep(ANY, { a: 1 }, value);
    expect(await run.find(ANY, { a: 1 })).toEqual(value);
    await run.close();
    const again = await openRun(join(folder, 'run'), ABOUT);
    expect(await again.find(ANY, { a: 1 })).toEqual(value);
    expect(again.resumed).toBe(1);
    await again.close();
  });

  it('finds nothing under another key or of another kind', async () => {
    const run = await openRun(join(folder, 'run'), ABOUT);
    await run.keep(NUMBER, { a: 1 }, 1);
    expect(await run.find(NUMBER, { a: 2 })).toBeUndefined();
    expect(await run.find(resultKind('other'), { a: 1 })).toBeUndefined();
    await run.close();
  });

  it('computes once what is asked for twice at the same time', async () => {
    const run = await openRun(join(folder, 'run'), ABOUT);
    let times = 0;
    const compute = async () => ++times;
    const answers = await Promise.all([1, 2, 3].map(() => run.once(NUMBER, { a: 1 }, compute)));
    expect(answers).toEqual([1, 1, 1]);
    expect(times).toBe(1);
    await run.close();
  });

  it('computes again what failed', async () => {
    const run = await openRun(join(folder, 'run'), ABOUT);
    let times = 0;
    const compute = async () => {
      if (++times === 1) throw new Error('once');
      return times;
    };
    const asked = [run.once(NUMBER, {}, compute), run.once(NUMBER, {}, compute)];
    await expect(asked[0]).rejects.toThrow('once');
    expect(await asked[1]).toBe(2);
    await run.close();
  });

  it('takes a file over and checks its content', async () => {
    const run = await openRun(join(folder, 'run'), ABOUT);
    const path = join(folder, 'given.bin');
    writeFileSync(path, 'content');
    const hash = await run.keepFile(path);
    expect(hash).toBe(createHash('sha256').update('content').digest('hex'));
    expect(existsSync(path)).toBe(false);
    const kept = await run.file(hash);
    expect(kept && readFileSync(kept, 'utf8')).toBe('content');
    expect(await run.file('0'.repeat(64))).toBeUndefined();
    await run.close();
  });

  it('deletes a file of which a byte changed, and says so', async () => {
    const path = join(folder, 'given.bin');
    writeFileSync(path, 'content');
    const run = await openRun(join(folder, 'run'), ABOUT);
    const hash = await run.keepFile(path);
    await run.keep(ANY, { a: 1 }, LARGE);
    for (const { path: file } of filesBelow(join(folder, 'run', 'artifacts'))) flipByte(file);
    expect(await run.file(hash)).toBeUndefined();
    expect(await run.find(ANY, { a: 1 })).toBeUndefined();
    expect(run.notes).toHaveLength(2);
    expect(run.notes[0]).toContain(`the file ${hash} was damaged`);
    expect(filesBelow(join(folder, 'run', 'artifacts'))).toEqual([]);
    expect(await run.once(ANY, { a: 1 }, async () => LARGE)).toEqual(LARGE);
    expect(await run.find(ANY, { a: 1 })).toEqual(LARGE);
    await run.close();
  });

  it('deletes a row of which a byte changed, and says so', async () => {
    const run = await openRun(join(folder, 'run'), ABOUT);
    await run.keep(ANY, { a: 1 }, 'a value to damage');
    const database = openDatabase(join(folder, 'run', 'run.sqlite'), { owner: 'run', busyMs: 1000 });
    database.exec("UPDATE results SET value = CAST(replace(value, 'value', 'valuf') AS BLOB)");
    database.close();
    expect(await run.find(ANY, { a: 1 })).toBeUndefined();
    expect(run.notes.join()).toMatch(/\(any\) was damaged/);
    expect(await run.once(ANY, { a: 1 }, async () => 'again')).toBe('again');
    await run.close();
  });

  it('forgets what it held when it is to start afresh', async () => {
    const run = await openRun(join(folder, 'run'), ABOUT);
    await run.keep(ANY, { a: 1 }, LARGE);
    await run.close();
    const fresh = await openRun(join(folder, 'run'), ABOUT, { fresh: true });
    expect([fresh.resumed, await fresh.find(ANY, { a: 1 })]).toEqual([0, undefined]);
    await fresh.close();
  });
});

describe('layers', () => {
  it('copy into the run what the cache holds, and compute nothing twice', async () => {
    const one = await openBoth('one');
    await one.both.keep(ANY, { big: true }, LARGE);
    await one.both.keep(NUMBER, { a: 1 }, 7);
    await one.close();

    const two = await openBoth('two');
    const never = async () => Promise.reject(new Error('computed again'));
    expect(await two.both.once(ANY, { big: true }, never)).toEqual(LARGE);
    expect(await two.both.once(NUMBER, { a: 1 }, never)).toBe(7);
    expect(await two.mine.find(ANY, { big: true })).toEqual(LARGE);
    expect(await two.mine.find(NUMBER, { a: 1 })).toBe(7);
    await two.close();
    expect(computed('one/run.sqlite', 'any')).toBe(1);
    expect(computed('two/run.sqlite', 'any')).toBe(0);
    expect(computed('cache/results.sqlite', 'any')).toBe(1);
  });

  it('share the bytes of files', async () => {
    const { both, close } = await openBoth();
    const path = join(folder, 'given.bin');
    writeFileSync(path, 'content');
    await both.keepFile(path);
    await both.keep(ANY, { a: 1 }, LARGE);
    const files = filesBelow(join(folder, 'run', 'artifacts'));
    expect(files.map(({ names }) => names)).toEqual([2, 2]);
    await close();
  });

  it('bring a file into the run that only the cache holds', async () => {
    const one = await openBoth('one');
    const path = join(folder, 'given.bin');
    writeFileSync(path, 'content');
    const hash = await one.both.keepFile(path);
    await one.close();
    const two = await openBoth('two');
    expect(await two.both.file(hash)).toContain(join(folder, 'two'));
    expect(await two.mine.file(hash)).toBeDefined();
    await two.close();
  });

  it('count how often a value was computed', async () => {
    const { both, close } = await openBoth();
    await both.keep(NUMBER, { a: 1 }, 1);
    await both.keep(NUMBER, { a: 1 }, 2);
    expect(await both.find(NUMBER, { a: 1 })).toBe(2);
    await close();
    expect(computed('run/run.sqlite', 'number')).toBe(2);
  });

  it('ask the lower one as it is given: one that hides its results stays hidden', async () => {
    const one = await openBoth('one');
    await one.both.keep(NUMBER, { a: 1 }, 1);
    await one.close();
    const two = await openBoth('two');
    const hidden = layered(two.mine, { ...two.cache, find: async () => undefined, file: async () => undefined });
    expect(await hidden.find(NUMBER, { a: 1 })).toBeUndefined();
    expect(await two.mine.find(NUMBER, { a: 1 })).toBeUndefined();
    await two.close();
  });

  it('let the run go on where its database was lost and the cache holds the results', async () => {
    const one = await openBoth();
    await one.both.keep(NUMBER, { a: 1 }, 7);
    await one.close();
    writeFileSync(join(folder, 'run', 'run.sqlite'), 'garbage'.repeat(1000));
    const two = await openBoth();
    expect(two.mine.notes).toHaveLength(1);
    expect(readdirSync(join(folder, 'run'))).toContain('run.sqlite.damaged-1');
    expect(await two.both.find(NUMBER, { a: 1 })).toBe(7);
    await two.close();
  });

  it('leave nothing writable in the files that they share', async () => {
    const { both, close } = await openBoth();
    await both.keep(ANY, { a: 1 }, LARGE);
    const [file] = filesBelow(join(folder, 'run', 'artifacts'));
    expect(statSync(file.path).mode & 0o222).toBe(0);
    await close();
  });
});

function flipByte(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] ^= 1;
  rmSync(path);
  writeFileSync(path, bytes);
}
