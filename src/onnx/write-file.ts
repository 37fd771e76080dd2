import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BitloomError } from '../kernel/errors.js';
import { bytesOf, type Rope } from './wire.js';

/** Small pieces are gathered to this size, and large ones cut to it, for one write each. */
const SLICE = 2 ** 24;

/** Writes the file under a temporary name beside it, then renames it: whatever fails, no half-written file stays. */
export async function writeRope(path: string, content: Rope): Promise<void> {
  await writeAtomically(path, async (file) => {
    for (const slice of slices(content)) await writeFully(file, slice);
  });
}

export async function writeAtomically(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx');
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw cause instanceof BitloomError ? cause : writeFailure(path, cause);
  }
}

/** Pieces of at most `SLICE` bytes each; a lazy chunk is read when its turn comes, and let go. */
function* slices({ chunks }: Rope): Generator<Uint8Array> {
  let buffer = new Uint8Array(SLICE);
  let used = 0;
  for (const chunk of chunks) {
    if (used + chunk.length > SLICE && used > 0) {
      yield buffer.subarray(0, used);
      buffer = new Uint8Array(SLICE);
      used = 0;
    }
    const bytes = bytesOf(chunk);
    if (bytes.length > SLICE) for (let i = 0; i < bytes.length; i += SLICE) yield bytes.subarray(i, i + SLICE);
    else {
      buffer.set(bytes, used);
      used += bytes.length;
    }
  }
  if (used > 0) yield buffer.subarray(0, used);
}

async function writeFully(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done);
    done += bytesWritten;
  }
}

export function writeFailure(file: string, cause: unknown): BitloomError {
  const { code, message, hint } = explain(cause);
  return new BitloomError({ kind: 'io', code, message, place: { file }, ...(hint ? { hint } : {}) }, { cause });
}

function explain(cause: unknown): { code: string; message: string; hint?: string } {
  const detail = cause instanceof Error ? cause.message : String(cause);
  const system = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (system === 'ENOSPC' || system === 'EDQUOT') {
    return {
      code: 'disk-full',
      message: 'the disk is full; nothing was written',
      hint: 'free some space or choose another folder',
    };
  }
  if (system === 'ENOENT')
    return { code: 'cannot-write', message: 'its folder does not exist', hint: 'create it first' };
  return { code: 'cannot-write', message: `cannot be written: ${detail}` };
}
