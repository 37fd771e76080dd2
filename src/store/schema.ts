import { existsSync, renameSync, rmSync } from 'node:fs';
import { BrokenConstraint, DamagedFile, type Database, openDatabase } from './database.js';
import { type Owner, storeNewer, systemError } from './store-errors.js';

/** Raised with every change of the tables below. */
export const SCHEMA_VERSION = 1;

/** 'blom' in ASCII: tells our files from other SQLite files. */
const APPLICATION_ID = 0x62_6c_6f_6d;

/**
 * `results` holds one measured value a row. `value` is inline, or in the file that `artifact` names. `computed` counts
 * how often it was computed, copies from another layer not counted. `used` only grows, so that a clock set back does
 * not make what is fresh look old; `created` and `seen` are wall clock, for people and for "older than".
 */
const TABLES = `
  CREATE TABLE results(
    hash TEXT PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL,
    value BLOB, crc INTEGER, artifact TEXT, bytes INTEGER NOT NULL,
    computed INTEGER NOT NULL, created TEXT NOT NULL, seen TEXT NOT NULL, used INTEGER NOT NULL);
  CREATE INDEX results_by_use ON results(used);
  CREATE INDEX results_by_artifact ON results(artifact) WHERE artifact IS NOT NULL;
  CREATE TABLE artifacts(hash TEXT PRIMARY KEY, bytes INTEGER NOT NULL, seen TEXT NOT NULL, used INTEGER NOT NULL);
  CREATE INDEX artifacts_by_use ON artifacts(used);
  CREATE TABLE run(about TEXT NOT NULL, status TEXT NOT NULL, started TEXT NOT NULL, updated TEXT NOT NULL);`;

/** How long another process's transaction is waited for, in milliseconds. */
export const BUSY_MS = 5000;

/**
 * Opens the database `file` of results; the caller holds its lock. One that is damaged is set aside with a line in
 * `notes`, and one that is not there is made.
 *
 * @throws BitloomError `store-newer` for a later schema
 */
export function openResults(file: string, owner: Owner, notes: string[], busyMs = BUSY_MS): Database {
  if (existsSync(file)) setAsideIfDamaged(file, owner, notes);
  if (!existsSync(file)) create(file, owner);
  const database = openDatabase(file, { owner, busyMs });
  // A committed row survives the end of the process; a power cut may take the last ones, never the database.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  return database;
}

function setAsideIfDamaged(file: string, owner: Owner, notes: string[]): void {
  const damage = damageOf(file, owner);
  if (damage === undefined) return;
  const name = freeName(`${file}.damaged`);
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(`${file}${suffix}`)) renameSync(`${file}${suffix}`, `${name}${suffix}`);
  }
  notes.push(`${file} was damaged: ${damage}. It is set aside as ${name}; an empty one takes its place`);
}

/** What is wrong with a database, if anything is. By `exec` alone, so that closing lets go of the file. */
function damageOf(file: string, owner: Owner): string | undefined {
  const database = openDatabase(file, { owner, busyMs: BUSY_MS });
  try {
    if (!holds(database, `SELECT application_id = ${APPLICATION_ID} FROM pragma_application_id`)) return 'not ours';
    if (!holds(database, `SELECT user_version <= ${SCHEMA_VERSION} FROM pragma_user_version`)) {
      throw storeNewer(owner, file, versionOf(database), SCHEMA_VERSION);
    }
    return holds(database, `SELECT quick_check = 'ok' FROM pragma_quick_check`) ? undefined : 'its check failed';
  } catch (error) {
    if (error instanceof DamagedFile) return 'it cannot be read';
    throw error;
  } finally {
    database.close();
  }
}

/** Whether every row that `query` gives is 1. */
function holds(database: Database, query: string): boolean {
  try {
    database.exec(`CREATE TEMP TABLE verdict(found CHECK (found)); INSERT INTO verdict ${query}`);
    return true;
  } catch (error) {
    if (error instanceof BrokenConstraint) return false;
    throw error;
  } finally {
    database.exec('DROP TABLE IF EXISTS temp.verdict');
  }
}

function versionOf(database: Database): number {
  return Number(database.all('PRAGMA user_version')[0]?.user_version);
}

/** Made under another name first: a process that ends here leaves no database without tables. */
function create(file: string, owner: Owner): void {
  const unfinished = `${file}.new`;
  try {
    rmSync(unfinished, { force: true });
    const database = openDatabase(unfinished, { owner, busyMs: BUSY_MS });
    try {
      database.exec(`
        PRAGMA auto_vacuum = INCREMENTAL;
        PRAGMA application_id = ${APPLICATION_ID};
        BEGIN; ${TABLES} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
    } finally {
      database.close();
    }
    renameSync(unfinished, file);
  } catch (cause) {
    rmSync(unfinished, { force: true });
    throw systemError(owner, file, cause);
  }
}

function freeName(name: string): string {
  for (let n = 1; ; n++) if (!existsSync(`${name}-${n}`)) return `${name}-${n}`;
}
