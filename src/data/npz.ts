import { closeSync, createReadStream, openSync, writeSync } from 'node:fs';
import { Unzip, type UnzipFile, UnzipInflate } from 'fflate';
import { BitloomError } from '../kernel/errors.js';
import { type NpyArray, openNpy } from './npy.js';
import { spoolFile } from './spool.js';

/**
 * The arrays of a `.npz` by name. The archive is unpacked once into temporary files, as a stream, so that rows can be
 * read anywhere in it with no array in memory, compressed or not.
 */
export async function openNpz(file: string): Promise<ReadonlyMap<string, NpyArray>> {
  const unpacked = await unpack(file);
  const arrays = new Map<string, NpyArray>();
  for (const [name, path] of unpacked) arrays.set(name, await openNpy(path, `${file}:${name}`));
  if (arrays.size === 0) throw bad(file, 'holds no .npy array');
  return arrays;
}

async function unpack(file: string): Promise<ReadonlyMap<string, string>> {
  const paths = new Map<string, string>();
  const open = new Set<number>();
  const unzip = new Unzip((entry) => {
    if (entry.name.endsWith('.npy')) paths.set(entry.name.slice(0, -'.npy'.length), writeEntry(entry, open));
    else skip(entry);
  });
  unzip.register(UnzipInflate);
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 2 ** 20 })) unzip.push(chunk);
    unzip.push(new Uint8Array(0), true);
  } catch (cause) {
    throw bad(file, `cannot be unpacked: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  } finally {
    for (const descriptor of open) closeSync(descriptor);
  }
  if (open.size > 0) throw bad(file, 'is truncated');
  return paths;
}

/** `open` holds the descriptor until the entry has ended. */
function writeEntry(entry: UnzipFile, open: Set<number>): string {
  const path = spoolFile('.npy');
  const descriptor = openSync(path, 'w');
  open.add(descriptor);
  entry.ondata = (error, data, final) => {
    if (error) throw error;
    for (let done = 0; done < data.length; ) done += writeSync(descriptor, data, done);
    if (!final) return;
    closeSync(descriptor);
    open.delete(descriptor);
  };
  entry.start();
  return path;
}

/** An entry that is never started would be kept in memory. */
function skip(entry: UnzipFile): void {
  entry.ondata = () => undefined;
  entry.start();
}

function bad(file: string, message: string, cause?: unknown): BitloomError {
  return new BitloomError({ kind: 'data', code: 'bad-npz', message, place: { file } }, { cause });
}
