import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from './database.js';
import { filesBelow } from './disk-usage.js';
import { resultKind } from './result-kind.js';
import { openRun } from './run-store.js';

const ABOUT = { id: 'r', command: 'quantize', model: { path: 'm.onnx', hash: 'aaaa' }, settings: {} };
const NUMBER = resultKind<number>('number');
const PROBE = resultKind<{ readonly i: number; readonly values: Float32Array }>('probe');
const PROCESS = fileURLToPath(new URL('../../test/support/store-process.ts', import.meta.url));

let folder: string;
let children: ChildProcess[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bitloom-store-'));
  children = [];
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function start(...args: readonly string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', PROCESS, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

async function runWith(values: readonly number[]): Promise<void> {
  const run = await openRun(folder, ABOUT);
  for (const i of values) await run.keep(NUMBER, { i }, i);
  run.finish('interrupted');
  await run.close();
}

function sql(text: string): void {
  const database = openDatabase(join(folder, 'run.sqlite'), { owner: 'run', busyMs: 1000 });
  database.exec(text);
  database.close();
}

describe('a run that is killed', () => {
  it('holds every result that was reported kept, at any moment of a stream of them', async () => {
    /** So many results kept, and so many milliseconds into what follows. */
    const moments = [
      [3, 0],
      [11, 1],
      [26, 2],
      [30, 7],
    ];
    let next = 0;
    for (const [more, delayMs] of moments) {
      const child = start('keep', folder, String(next));
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (text) => {
        said += text;
        if (said.split('\n').length > more) setTimeout(() => child.kill('SIGKILL'), delayMs);
      });
      await once(child, 'close');
      const last = Number(said.trimEnd().split('\n').at(-1));
      const run = await openRun(folder, ABOUT);
      expect(run.notes).toEqual([]);
      for (let i = 0; i <= last; i++) expect((await run.find(PROBE, { i }))?.values[0]).toBe(i);
      expect(run.notes).toEqual([]);
      await run.close();
      next = last + 1;
    }
    expect(next).toBeGreaterThanOrEqual(3 + 11 + 26 + 30);
    expect(filesBelow(join(folder, 'artifacts', 'partial'))).toEqual([]);
  });

  it('lets go of its lock', async () => {
    const child = start('hold', folder);
    await once(child.stdout, 'data');
    await expect(openRun(folder, ABOUT)).rejects.toMatchObject({ code: 'store-locked' });
    await expect(openRun(folder, ABOUT)).rejects.toThrow(`held by process ${child.pid} since 20`);
    child.kill('SIGKILL');
    await once(child, 'close');
    const run = await openRun(folder, ABOUT);
    await run.close();
  });
});

describe('openRun', () => {
  it('refuses a folder that this process holds already', async () => {
    const run = await openRun(folder, ABOUT);
    await expect(openRun(folder, ABOUT)).rejects.toMatchObject({ code: 'store-locked' });
    await run.close();
    await (await openRun(folder, ABOUT)).close();
  });

  it('is not held up by a damaged lock', async () => {
    await runWith([1]);
    writeFileSync(join(folder, 'run.lock'), 'garbage'.repeat(2000));
    const run = await openRun(folder, ABOUT);
    await expect(openRun(folder, ABOUT)).rejects.toMatchObject({ code: 'store-locked' });
    expect(await run.find(NUMBER, { i: 1 })).toBe(1);
    await run.close();
  });

  it('refuses a folder of another model, and names both', async () => {
    await runWith([1]);
    const other = { ...ABOUT, model: { path: 'n.onnx', hash: 'bbbb' } };
    await expect(openRun(folder, other)).rejects.toMatchObject({ code: 'store-of-another-model' });
    await expect(openRun(folder, other)).rejects.toThrow(/m\.onnx \(aaaa\), not n\.onnx \(bbbb\)/);
    await (await openRun(folder, ABOUT)).close();
  });

  it('refuses the database of a newer bitloom and leaves it as it is', async () => {
    await runWith([1]);
    sql('PRAGMA user_version = 99');
    const before = readFileSync(join(folder, 'run.sqlite'));
    await expect(openRun(folder, ABOUT)).rejects.toMatchObject({ code: 'store-newer' });
    await expect(openRun(folder, ABOUT)).rejects.toThrow(/schema 99; this one knows 1/);
    expect(readFileSync(join(folder, 'run.sqlite')).equals(before)).toBe(true);
  });

  it.each([0, 1, 50, 100, 4095, 4096, 6000, 12_288, 20_000])(
    'sets aside a database cut to %i bytes',
    async (length) => {
      await runWith(Array.from({ length: 200 }, (_, i) => i));
      truncateSync(join(folder, 'run.sqlite'), length);
      const run = await openRun(folder, ABOUT);
      expect(run.notes).toHaveLength(1);
      expect(run.notes[0]).toContain('run.sqlite was damaged');
      expect(run.resumed).toBe(0);
      expect(await run.once(NUMBER, { i: 1 }, async () => 5)).toBe(5);
      await run.close();
      expect(readdirSync(folder)).toContain('run.sqlite.damaged-1');
    },
  );

  it('numbers what it sets aside', async () => {
    for (const n of [1, 2]) {
      writeFileSync(join(folder, 'run.sqlite'), `garbage ${n}`.repeat(1000));
      await (await openRun(folder, ABOUT)).close();
    }
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(['run.sqlite.damaged-1', 'run.sqlite.damaged-2']));
    expect(readFileSync(join(folder, 'run.sqlite.damaged-1'), 'utf8')).toContain('garbage 1');
  });

  it('sets aside a database of which pages are overwritten', async () => {
    await runWith(Array.from({ length: 500 }, (_, i) => i));
    const bytes = readFileSync(join(folder, 'run.sqlite'));
    bytes.fill(0xa5, 8192, 40_000);
    writeFileSync(join(folder, 'run.sqlite'), bytes);
    const run = await openRun(folder, ABOUT);
    expect([run.notes.length, run.resumed]).toEqual([1, 0]);
    await run.close();
  });

  it('sets aside an SQLite file that is not ours', async () => {
    sql('CREATE TABLE theirs(a)');
    const run = await openRun(folder, ABOUT);
    expect(run.notes[0]).toContain('not ours');
    await run.close();
  });

  it('says that a folder cannot be written', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(openRun(join(folder, 'file', 'run'), ABOUT)).rejects.toMatchObject({ code: 'cannot-write' });
    mkdirSync(join(folder, 'odd', 'run.sqlite'), { recursive: true });
    await expect(openRun(join(folder, 'odd'), ABOUT)).rejects.toMatchObject({ code: 'cannot-write' });
  });

  it('leaves one file without a log when it is closed', async () => {
    await runWith([1, 2]);
    expect(readdirSync(folder).sort()).toEqual(['run.lock', 'run.sqlite']);
  });
});
