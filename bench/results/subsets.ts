/**
 * Parts of the data in ../shared that no option can name, such as the first 256 images of a folder: written to a folder
 * of their own, as a user would.
 */
import { createReadStream } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { zipSync } from 'fflate';
import type { NpyArray } from '../../src/data/npy.js';
import { readRow } from '../../src/data/npy.js';
import { openNpz } from '../../src/data/npz.js';

/** Samples `from` .. `to` (exclusive), in the order of the file or of `labels.csv`. */
export interface Slice {
  readonly from: number;
  readonly to: number;
}

/** Images linked by the rows of the folder's `labels.csv`, with their labels beside them. */
export async function imagesOf(source: string, { from, to }: Slice, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const [header, ...rows] = (await readFile(join(source, 'labels.csv'), 'utf8')).trim().split(/\r?\n/);
  const taken = rows.slice(from, to);
  for (const row of taken) {
    const file = row.split(',')[0];
    await symlink(resolve(source, 'images', file), join(folder, file));
  }
  await writeFile(join(folder, 'labels.csv'), `${[header, ...taken].join('\n')}\n`);
  return folder;
}

/** Rows of every array of an `.npz`. */
export async function arraysOf(source: string, slice: Slice, folder: string): Promise<string> {
  const entries: Record<string, Uint8Array> = {};
  for (const [name, array] of await openNpz(source)) entries[`${name}.npy`] = await npyRows(array, slice);
  return written(folder, basename(source), zipSync(entries, { level: 0 }));
}

const NPY_TYPES: Readonly<Record<string, string>> = { uint8: '|u1', int64: '<i8' };
const NPY_ALIGNMENT = 64;

/** Version 1.0 of https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
async function npyRows(array: NpyArray, { from, to }: Slice): Promise<Uint8Array> {
  const rows = [];
  for (let i = from; i < to; i++) rows.push((await readRow(array, i)).bytes);
  const shape = [rows.length, ...array.dims.slice(1)].map((size) => `${size},`).join(' ');
  const text = `{'descr': '${NPY_TYPES[array.dtype]}', 'fortran_order': False, 'shape': (${shape}), }`;
  const length = Math.ceil((text.length + 11) / NPY_ALIGNMENT) * NPY_ALIGNMENT - 10;
  const start = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, length & 255, length >> 8]);
  return Buffer.concat([start, Buffer.from(`${text.padEnd(length - 1)}\n`), ...rows]);
}

/** Lines of a text file; the header of a table is kept. */
export async function linesOf(source: string, { from, to }: Slice, folder: string): Promise<string> {
  const header = extname(source) === '.tsv' ? 1 : 0;
  const lines: string[] = [];
  for await (const line of createInterface({ input: createReadStream(source) })) {
    if (lines.length === to + header) break;
    lines.push(line);
  }
  const taken = [...lines.slice(0, header), ...lines.slice(header + from)];
  return written(folder, basename(source), `${taken.join('\n')}\n`);
}

/** Records of a JSON array; the vocabulary beside it, which names the padding, comes along. */
export async function recordsOf(source: string, { from, to }: Slice, folder: string): Promise<string> {
  const records: unknown = JSON.parse(await readFile(source, 'utf8'));
  if (!Array.isArray(records)) throw new Error(`${source} holds no array`);
  const file = await written(folder, basename(source), JSON.stringify(records.slice(from, to)));
  await symlink(resolve(dirname(source), 'vocab.json'), join(folder, 'vocab.json'));
  return file;
}

async function written(folder: string, name: string, content: string | Uint8Array): Promise<string> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, name);
  await writeFile(file, content);
  return file;
}
