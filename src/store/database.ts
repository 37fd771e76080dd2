import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import Libsql from 'libsql';
import { type Owner, storeError } from './store-errors.js';

export type SqlValue = null | number | string | Uint8Array;
export type SqlRow = Readonly<Record<string, unknown>>;

/** A connection to one SQLite file: the only place that knows the driver. */
export interface Database {
  readonly file: string;
  readonly owner: Owner;
  /** Runs statements that give nothing back. */
  exec(sql: string): void;
  run(sql: string, values?: readonly SqlValue[]): void;
  all(sql: string, values?: readonly SqlValue[]): readonly SqlRow[];
  /** Runs `action` in one transaction that may write. */
  transaction<T>(action: () => T): T;
  close(): void;
}

export interface DatabaseOptions {
  readonly owner: Owner;
  /** How long to wait for another connection's lock, in milliseconds. */
  readonly busyMs: number;
}

/**
 * Opens `file`, which is made if it is not there. Every failure is a BitloomError of `owner`'s kind, or `DamagedFile`.
 *
 * The driver has no way to finalize a statement: a connection that has prepared one stays open after `close` until the
 * garbage collector finds it, with its locks. So a lock is held by statements of `exec` alone, which are finalized at
 * once; and `all` steps to the end, so that no forgotten statement pins a snapshot.
 */
export function openDatabase(file: string, { owner, busyMs }: DatabaseOptions): Database {
  const told = <T>(action: () => T): T => {
    try {
      return action();
    } catch (cause) {
      throw explain(cause, file, owner);
    }
  };
  const connection = told(() => new Libsql(file, { timeout: busyMs }));
  const statements = new Map<string, Libsql.Statement<unknown[]>>();
  const statement = (sql: string) => {
    const known = statements.get(sql);
    if (known) return known;
    const prepared = connection.prepare(sql);
    statements.set(sql, prepared);
    return prepared;
  };
  const exec = (sql: string): void => void told(() => connection.exec(sql));
  return {
    file,
    owner,
    exec,
    // The list of values is handed over as one: a lone Buffer would be taken for named parameters.
    run: (sql, values = []) => void told(() => statement(sql).run([...values])),
    all: (sql, values = []) =>
      told(() =>
        statement(sql)
          .all([...values])
          .filter(isRow)
          .map(withBytes),
      ),
    transaction: (action) => inTransaction(exec, action),
    close: () => {
      statements.clear();
      connection.close();
    },
  };
}

/** A database that SQLite finds damaged, or a row that is not what was written. */
export class DamagedFile extends Error {
  override readonly name = 'DamagedFile';
}

/** A statement that the database refused, as a CHECK told it to. */
export class BrokenConstraint extends Error {
  override readonly name = 'BrokenConstraint';
}

function inTransaction<T>(exec: (sql: string) => void, action: () => T): T {
  exec('BEGIN IMMEDIATE');
  try {
    const result = action();
    exec('COMMIT');
    return result;
  } catch (error) {
    rollBack(exec);
    throw error;
  }
}

/** SQLite has rolled back by itself after a full disk: then there is nothing left to do. */
function rollBack(exec: (sql: string) => void): void {
  try {
    exec('ROLLBACK');
  } catch {}
}

function isRow(row: unknown): row is SqlRow {
  return typeof row === 'object' && row !== null;
}

/** The driver gives blobs as Buffer or as ArrayBuffer, depending on how it is asked. */
function withBytes(row: SqlRow): SqlRow {
  const bytes = (value: unknown) => (value instanceof ArrayBuffer ? new Uint8Array(value) : value);
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, bytes(value)]));
}

/** Primary result codes, https://www.sqlite.org/rescode.html. Only those that say more than "failed". */
const DAMAGED = new Set([11, 26]);
const BUSY = new Set([5, 6]);
const FULL = 13;
const CONSTRAINT = 19;
const CANNOT_OPEN = new Set([8, 10, 14]);

function explain(cause: unknown, file: string, owner: Owner): Error {
  const code = resultCode(cause);
  const detail = cause instanceof Error ? cause.message : String(cause);
  if (DAMAGED.has(code)) return new DamagedFile(`${file}: ${detail}`, { cause });
  if (code === CONSTRAINT) return new BrokenConstraint(detail, { cause });
  if (BUSY.has(code)) return storeError(owner, 'busy', file, detail, cause);
  if (code === FULL || (CANNOT_OPEN.has(code) && diskIsFull(file)))
    return storeError(owner, 'full', file, detail, cause);
  if (CANNOT_OPEN.has(code)) return storeError(owner, 'unwritable', file, detail, cause);
  return storeError(owner, 'failed', file, detail, cause);
}

/** The primary result code is the low byte of the extended one. A failed opening tells it at the end of its text. */
function resultCode(cause: unknown): number {
  if (!(cause instanceof Error)) return 0;
  if ('rawCode' in cause && typeof cause.rawCode === 'number') return cause.rawCode & 0xff;
  return Number(/: (\d+)"\)$/.exec(cause.message)?.[1] ?? 0) & 0xff;
}

const SMALLEST_FREE_BYTES = 64 * 1024;

/** On a full disk SQLite cannot make its shared-memory file either, and reports that as an I/O error. */
function diskIsFull(file: string): boolean {
  try {
    const { bavail, blocks, bsize } = statfsSync(dirname(file));
    return blocks > 0 && bavail * bsize < SMALLEST_FREE_BYTES;
  } catch {
    return false;
  }
}
