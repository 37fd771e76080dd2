import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { explained } from '../kernel/write-errors.js';
import { bytesOf, type Rope } from './wire.js';

/** Small pieces are gathered to this size, and large ones cut to it, for one write each. */
const SLICE = 2 ** 23;

export interface NewFile {
  readonly path: string;
  readonly content: Rope;
}

/**
 * Writes files under temporary names beside their own, all of them before any is renamed: whatever fails, no
 * half-written file stays and no file is replaced without the others. Throws a BitloomError of kind `io`.
 */
export async function writeFiles(files: readonly NewFile[]): Promise<void> {
  const written = files.map(({ path, content }) => ({ path, content, temporary: temporaryName(path) }));
  try {
    for (const { path, temporary, content } of written) await explained(path, () => writeNew(temporary, content));
    for (const { path, temporary } of written) await explained(path, () => rename(temporary, path));
  } finally {
    for (const { temporary } of written) await rm(temporary, { force: true });
  }
}

function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
}

async function writeNew(path: string, content: Rope): Promise<void> {
  const file = await open(path, 'wx', 0o666);
  try {
    for (const slice of slices(content)) await writeFully(file, slice);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Pieces of at most `SLICE` bytes; a lazy chunk is read when its turn comes, and let go. */
function* slices({ chunks, length }: Rope): Generator<Uint8Array> {
  const buffer = new Uint8Array(Math.min(SLICE, length));
  let used = 0;
  for (const chunk of chunks) {
    if (used + chunk.length > buffer.length) {
      yield buffer.subarray(0, used);
      used = 0;
    }
    const bytes = bytesOf(chunk);
    if (bytes.length > buffer.length) yield* cut(bytes);
    else {
      buffer.set(bytes, used);
      used += bytes.length;
    }
  }
  yield buffer.subarray(0, used);
}

function* cut(bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += SLICE) yield bytes.subarray(start, start + SLICE);
}

/** `position` is the file's own when left out. */
export async function writeFully(file: FileHandle, bytes: Uint8Array, position?: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const at = position === undefined ? null : position + done;
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at);
    done += bytesWritten;
  }
}
