import { BitloomError } from './errors.js';

const SYSTEM_ERRORS: Readonly<Record<string, readonly [code: string, message: string]>> = {
  ENOENT: ['file-not-found', 'there is no such file'],
  EISDIR: ['cannot-read', 'is a folder'],
  EACCES: ['cannot-read', 'may not be read'],
};

/** A system error as a BitloomError about `path`. */
export function readFailure(path: string, cause: unknown): BitloomError {
  const system = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const detail = cause instanceof Error ? cause.message : String(cause);
  const [code, message] = SYSTEM_ERRORS[system] ?? ['cannot-read', `cannot be read: ${detail}`];
  return new BitloomError({ kind: 'io', code, message, place: { file: path } }, { cause });
}
