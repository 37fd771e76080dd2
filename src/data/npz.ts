import { once } from 'node:events';
import { createReadStream, createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { Unzip, UnzipInflate } from 'fflate';
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
  const outputs: WriteStream[] = [];
  const unzip = new Unzip((entry) => {
    if (!entry.name.endsWith('.npy')) return;
    const path = spoolFile('.npy');
    const output = createWriteStream(path);
    paths.set(entry.name.slice(0, -'.npy'.length), path);
    outputs.push(output);
    entry.ondata = (error, data, final) => {
      if (error) throw error;
      output.write(data);
      if (final) output.end();
    };
    entry.start();
  });
  unzip.register(UnzipInflate);
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 2 ** 20 })) {
      unzip.push(chunk);
      await drained(outputs);
    }
    unzip.push(new Uint8Array(0), true);
  } catch (cause) {
    for (const output of outputs) output.destroy();
    throw bad(file, `cannot be unpacked: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
  await closed(file, outputs);
  return paths;
}

async function drained(outputs: readonly WriteStream[]): Promise<void> {
  for (const output of outputs) {
    if (output.writableNeedDrain) await once(output, 'drain');
  }
}

/** An entry that never ended belongs to an archive that was cut off. */
async function closed(file: string, outputs: readonly WriteStream[]): Promise<void> {
  const cut = outputs.some((output) => !output.writableEnded);
  for (const output of outputs) output.end();
  await Promise.all(outputs.map((output) => finished(output)));
  if (cut) throw bad(file, 'is truncated');
}

function bad(file: string, message: string, cause?: unknown): BitloomError {
  return new BitloomError({ kind: 'data', code: 'bad-npz', message, place: { file } }, { cause });
}
