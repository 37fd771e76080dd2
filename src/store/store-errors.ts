import { BitloomError, type Problem } from '../kernel/errors.js';

/** Whose database it is: one run's, or the cache that all runs share. */
export type Owner = 'run' | 'cache';
type Failure = 'busy' | 'full' | 'unwritable' | 'failed';
type Words = Pick<Problem, 'code' | 'message'> & { readonly hint: string };

const FULL: Words = {
  code: 'disk-full',
  message: 'the disk is full; what was measured before is kept',
  hint: 'free some space and start the same command again: it goes on where it was',
};

const FAILURES: Readonly<Record<Owner, Readonly<Record<Failure, Words>>>> = {
  run: {
    busy: { code: 'store-locked', message: 'the run is held by another process', hint: 'wait for it to end' },
    full: FULL,
    unwritable: { code: 'cannot-write', message: 'the run cannot be written', hint: 'choose another folder' },
    failed: { code: 'store-failed', message: 'the database of the run failed', hint: 'choose another folder' },
  },
  cache: {
    busy: {
      code: 'cache-busy',
      message: 'another program holds the database of the cache',
      hint: 'end the program that has it open, or set BITLOOM_CACHE to another folder',
    },
    full: { ...FULL, hint: 'free some space, prune the cache, or set BITLOOM_CACHE to a folder on another disk' },
    unwritable: {
      code: 'cache-unwritable',
      message: 'the cache cannot be written',
      hint: 'set BITLOOM_CACHE to a folder that may be written to',
    },
    failed: {
      code: 'store-failed',
      message: 'the database of the cache failed',
      hint: 'set BITLOOM_CACHE to another folder',
    },
  },
};

export function storeError(
  owner: Owner,
  failure: Failure,
  file: string,
  detail: string,
  cause?: unknown,
): BitloomError {
  const { code, message, hint } = FAILURES[owner][failure];
  const text = failure === 'full' ? message : `${message}: ${detail}`;
  return new BitloomError({ kind: 'io', code, message: text, place: { file }, hint }, { cause });
}

/** A failed system call on `file`, as an error of its owner. */
export function systemError(owner: Owner, file: string, cause: unknown): BitloomError {
  if (cause instanceof BitloomError) return cause;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const failure = code === 'ENOSPC' || code === 'EDQUOT' ? 'full' : 'unwritable';
  return storeError(owner, failure, file, cause instanceof Error ? cause.message : String(cause), cause);
}

/** The database of a later bitloom: reading it as if it were ours could lose what that one wrote. */
export function storeNewer(owner: Owner, file: string, found: number, ours: number): BitloomError {
  const message = `the ${owner} was written by a newer bitloom (schema ${found}; this one knows ${ours})`;
  const other = owner === 'cache' ? 'set BITLOOM_CACHE to another folder' : 'choose another folder';
  return new BitloomError({
    kind: 'io',
    code: 'store-newer',
    message,
    place: { file },
    hint: `update bitloom, or ${other}`,
  });
}

export function storeOfAnotherModel(folder: string, theirs: string, ours: string): BitloomError {
  const message = `holds the run of another model: ${theirs}, not ${ours}`;
  const hint = 'choose another folder, or delete this one';
  return new BitloomError({ kind: 'io', code: 'store-of-another-model', message, place: { file: folder }, hint });
}

export function storeLocked(folder: string, holder?: { readonly pid: number; readonly since: string }): BitloomError {
  const who = holder ? `process ${holder.pid} since ${holder.since}` : 'another process';
  const message = `the run is held by ${who}`;
  const hint = 'wait for it to end, or choose another folder';
  return new BitloomError({ kind: 'io', code: 'store-locked', message, place: { file: folder }, hint });
}
