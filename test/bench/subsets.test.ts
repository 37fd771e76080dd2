import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { arraysOf, imagesOf, linesOf, recordsOf } from '../../bench/results/subsets.js';
import { readAll } from '../../src/data/npy.js';
import { openNpz } from '../../src/data/npz.js';

const MIDDLE = { from: 1, to: 3 };

describe('subsets of data', () => {
  let folder: string;
  const write = async (name: string, content: string | Uint8Array) => {
    const path = join(folder, name);
    await writeFile(path, content);
    return path;
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bitloom-subsets-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('takes rows of every array of an archive', async () => {
    const header = "{'descr': '|u1', 'fortran_order': False, 'shape': (4, 2), }".padEnd(117);
    const npy = Buffer.concat([
      Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, 118, 0]),
      Buffer.from(`${header}\n`),
      Buffer.from([0, 1, 2, 3, 4, 5, 6, 7]),
    ]);
    const source = await write('data.npz', zipSync({ 'images.npy': npy }));
    const arrays = await openNpz(await arraysOf(source, MIDDLE, join(folder, 'arrays')));
    const array = arrays.get('images');
    expect(array?.dims).toEqual([2, 2]);
    expect(array && [...(await readAll(array)).bytes]).toEqual([2, 3, 4, 5]);
  });

  it('links images in the order of their labels', async () => {
    await mkdir(join(folder, 'images'));
    for (const name of ['a', 'b', 'c', 'd']) await write(`images/${name}.jpg`, name);
    await write('labels.csv', 'file,label\nd.jpg,0\nc.jpg,1\nb.jpg,2\na.jpg,3\n');
    const made = await imagesOf(folder, MIDDLE, join(folder, 'some'));
    expect(await readdir(made)).toEqual(['b.jpg', 'c.jpg', 'labels.csv']);
    expect(await readFile(join(made, 'labels.csv'), 'utf8')).toBe('file,label\nc.jpg,1\nb.jpg,2\n');
    expect(await readFile(join(made, 'c.jpg'), 'utf8')).toBe('c');
  });

  it('keeps the header of a table', async () => {
    const source = await write('texts.tsv', 'sentence\tlabel\none\t0\ntwo\t1\nthree\t0\nfour\t1\n');
    const made = await linesOf(source, MIDDLE, join(folder, 'lines'));
    expect(await readFile(made, 'utf8')).toBe('sentence\tlabel\ntwo\t1\nthree\t0\n');
  });

  it('takes records with the vocabulary that names their padding', async () => {
    await write('vocab.json', '{"<PAD>":0}');
    const source = await write('tokens.json', '[[1],[2],[3],[4]]');
    const made = await recordsOf(source, MIDDLE, join(folder, 'records'));
    expect(await readFile(made, 'utf8')).toBe('[[2],[3]]');
    expect(await readFile(join(folder, 'records', 'vocab.json'), 'utf8')).toBe('{"<PAD>":0}');
  });
});
