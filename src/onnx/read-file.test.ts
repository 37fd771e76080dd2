import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashFiles } from './hash-files.js';
import { readWhole } from './read-file.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bitloom-read-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

describe('readWhole', () => {
  it('reads every byte', async () => {
    writeFileSync(join(folder, 'a'), 'abc');
    expect([...(await readWhole(join(folder, 'a')))]).toEqual([97, 98, 99]);
  });

  it('says that a file is missing, a folder, or too large', async () => {
    const large = join(folder, 'large');
    writeFileSync(large, '');
    truncateSync(large, 2 ** 31);
    await expect(readWhole(join(folder, 'none'))).rejects.toThrow(/none: there is no such file/);
    await expect(readWhole(folder)).rejects.toThrow(/is a folder/);
    await expect(readWhole(large)).rejects.toThrow(expect.objectContaining({ code: 'model-too-large' }));
  });
});

describe('hashFiles', () => {
  it('is SHA-256 over the files in turn', async () => {
    const paths = ['a', 'b'].map((name) => join(folder, name));
    writeFileSync(paths[0], 'ab');
    writeFileSync(paths[1], 'c');
    expect(await hashFiles(paths)).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    await expect(hashFiles([join(folder, 'none')])).rejects.toThrow(/there is no such file/);
  });
});
