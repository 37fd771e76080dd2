import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LazyBytes, rope } from './wire.js';
import { writeFiles } from './write-file.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bitloom-write-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** As the disk fails in the middle of a file. */
const full: LazyBytes = {
  length: 4,
  read: () => {
    throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  },
};

describe('writeFiles', () => {
  it('writes small and large pieces in order', async () => {
    const path = join(folder, 'out');
    const large = Uint8Array.from({ length: 2 ** 23 + 5 }, (_, i) => i % 255);
    await writeFiles([{ path, content: rope(Uint8Array.of(1), large, Uint8Array.of(2), new Uint8Array(0)) }]);
    const expected = Buffer.concat([Uint8Array.of(1), large, Uint8Array.of(2)]);
    expect(Buffer.compare(readFileSync(path), expected)).toBe(0);
    expect(readdirSync(folder)).toEqual(['out']);
  });

  it('writes an empty file', async () => {
    await writeFiles([{ path: join(folder, 'empty'), content: rope() }]);
    expect(readFileSync(join(folder, 'empty'))).toHaveLength(0);
  });

  it('leaves everything as it was when the disk is full', async () => {
    const [first, second] = [join(folder, 'first'), join(folder, 'second')];
    writeFileSync(first, 'old');
    const files = [
      { path: first, content: rope(Uint8Array.of(1)) },
      { path: second, content: rope(Uint8Array.of(1), full) },
    ];
    await expect(writeFiles(files)).rejects.toThrow(expect.objectContaining({ code: 'disk-full' }));
    expect(readFileSync(first, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['first']);
  });

  it('names the file whose folder is missing', async () => {
    const path = join(folder, 'none', 'out');
    await expect(writeFiles([{ path, content: rope() }])).rejects.toThrow(/none\/out: its folder does not exist/);
  });
});
