import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { BitloomError } from '../kernel/errors.js';
import { DamagedFile, type Database, openDatabase } from './database.js';
import { type Owner, systemError } from './store-errors.js';

export interface Holder {
  readonly pid: number;
  /** When it took the lock, by its clock. */
  readonly since: string;
}

export type Locked =
  | { readonly held: true; release(): void }
  /** Another process has it. Who, if it could be read. */
  | { readonly held: false; readonly holder?: Holder };

export interface LockOptions {
  readonly owner: Owner;
  /** How long to wait for whoever holds it, in milliseconds. */
  readonly waitMs: number;
  /** Written down for others to see, with the id of this process; nothing is written when left out. */
  readonly since?: string;
}

/**
 * Takes the lock `file`: a small SQLite database in which a write transaction stays open, so that the operating system
 * drops the lock with the process, however that ends. The transaction leaves the file readable (RESERVED,
 * https://www.sqlite.org/lockingv3.html): others see who holds it. It is a file of its own, so that the database
 * beside it can be read while it is in use, and set aside when it is damaged.
 */
export function takeLock(file: string, options: LockOptions): Locked {
  for (;;) {
    const before = ensure(file, options.owner);
    const locked = hold(openDatabase(file, { owner: options.owner, busyMs: options.waitMs }), options);
    // A damaged lock says nothing and holds nobody back.
    if (locked === 'damaged') rmSync(file, { force: true });
    // Whoever prunes deletes the file under its own lock: then we waited for a file that is no more.
    else if (!locked.held || identity(file) === before) return locked;
    else locked.release();
  }
}

/** Whether another connection holds the lock `file` now. */
export function isHeld(file: string, owner: Owner): boolean {
  if (identity(file) === undefined) return false;
  const database = openDatabase(file, { owner, busyMs: 0 });
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN IMMEDIATE; ROLLBACK');
    return false;
  } catch (error) {
    if (isBusy(error)) return true;
    if (error instanceof DamagedFile) return false;
    throw error;
  } finally {
    database.close();
  }
}

function hold(database: Database, { since }: LockOptions): Locked | 'damaged' {
  try {
    if (since !== undefined) writeHolder(database, { pid: process.pid, since });
    // Nothing is written from here on, not even a journal: on a full disk, pruning must get its locks.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN IMMEDIATE');
    return { held: true, release: () => release(database) };
  } catch (error) {
    const holder = isBusy(error) ? readHolder(database) : undefined;
    database.close();
    if (error instanceof DamagedFile) return 'damaged';
    if (!isBusy(error)) throw error;
    return { held: false, ...(holder && { holder }) };
  }
}

function release(database: Database): void {
  database.exec('ROLLBACK');
  database.close();
}

/** By `exec` alone: a prepared statement would keep the file open after it is closed. */
function writeHolder(database: Database, { pid, since }: Holder): void {
  database.exec(`
    BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS holder(pid INTEGER NOT NULL, since TEXT NOT NULL);
    DELETE FROM holder;
    INSERT INTO holder VALUES (${pid}, '${since}');
    COMMIT`);
}

function readHolder(database: Database): Holder | undefined {
  try {
    const [row] = database.all('SELECT pid, since FROM holder');
    return row && { pid: Number(row.pid), since: String(row.since) };
  } catch {
    return undefined;
  }
}

/**
 * Makes the file if it is not there, and says which it is. It is never opened but by SQLite: a process that closes any
 * descriptor of a file loses its locks on it (https://www.sqlite.org/howtocorrupt.html, 2.2).
 */
function ensure(file: string, owner: Owner): string | undefined {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '', { flag: 'wx' });
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST' && identity(file))) {
      throw systemError(owner, file, cause);
    }
  }
  return identity(file);
}

function identity(file: string): string | undefined {
  const stats = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}`;
}

const BUSY_CODES: readonly string[] = ['store-locked', 'cache-busy'];

function isBusy(error: unknown): boolean {
  return error instanceof BitloomError && BUSY_CODES.includes(error.code);
}
