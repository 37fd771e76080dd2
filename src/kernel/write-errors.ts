import { BitloomError } from './errors.js';

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

/** What a system error while writing `file` means to a user. */
export function writeFailure(file: string, cause: unknown): BitloomError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  const system = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const [code, message, hint] = SYSTEM_ERRORS[system] ?? ['cannot-write', `cannot be written: ${detail}`, ''];
  return new BitloomError({ kind: 'io', code, message, place: { file }, ...(hint ? { hint } : {}) }, { cause });
}
