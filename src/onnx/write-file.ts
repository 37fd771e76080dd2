import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BitloomError } from '../kernel/errors.js';
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

/** Runs `action` and turns a system error into a BitloomError about `path`. */
export async function explained<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw cause instanceof BitloomError ? cause : writeFailure(path, cause);
  }
}

const SYSTEM_ERRORS: Readonly<Record<string, readonly [code: string, message: string, hint: string]>> = {
  ENOSPC: ['disk-full', 'the disk is full; nothing was written', 'free some space or choose another folder'],
  EDQUOT: ['disk-full', 'the disk quota is used up; nothing was written', 'free some space or choose another folder'],
  ENOENT: ['cannot-write', 'its folder does not exist', 'create the folder first'],
  EACCES: ['cannot-write', 'its folder may not be written to', 'choose another folder'],
  EROFS: ['cannot-write', 'its folder is on a read-only file system', 'choose another folder'],
  EISDIR: ['cannot-write', 'is a folder', 'name a file in it'],
};

function writeFailure(file: string, cause: unknown): BitloomError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  const system = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const [code, message, hint] = SYSTEM_ERRORS[system] ?? ['cannot-write', `cannot be written: ${detail}`, ''];
  return new BitloomError({ kind: 'io', code, message, place: { file }, ...(hint ? { hint } : {}) }, { cause });
}
