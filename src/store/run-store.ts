import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openArtifacts } from './artifacts.js';
import type { Database } from './database.js';
import { openLayer } from './layer.js';
import { takeLock } from './lock.js';
import type { Json } from './result-kind.js';
import { type Results, resultsOf } from './results.js';
import { openResults } from './schema.js';
import { storeLocked, storeOfAnotherModel, systemError } from './store-errors.js';

/** What a run does, for people and for `bitloom cache`. */
export interface RunAbout {
  readonly id: string;
  readonly command: string;
  /** `hash` tells whether a folder holds a run of this very model. */
  readonly model: { readonly path: string; readonly hash: string };
  readonly settings: Json;
  readonly versions?: Json;
}

export type RunStatus = 'running' | 'finished' | 'interrupted' | 'failed';

export interface RunOptions {
  /** Forget what the folder holds of an earlier run. */
  readonly fresh?: boolean;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** The results of one run, in a folder that this process alone holds until it closes it or ends. */
export interface RunStore extends Results {
  readonly folder: string;
  /** What was damaged and set aside, deleted or measured again. Grows while the run is open. */
  readonly notes: readonly string[];
  /** How many results the folder held when it was opened. */
  readonly resumed: number;
  /** Says how it ended. A run that ends without this is listed as interrupted. */
  finish(status: Exclude<RunStatus, 'running'>): void;
  close(): Promise<void>;
}

/** Files of a run's folder. */
export const RUN_FILES = { lock: 'run.lock', database: 'run.sqlite', artifacts: 'artifacts' } as const;

const LOCK_WAIT_MS = 500;

/**
 * Opens the run in `folder`, which is made if it is not there.
 *
 * @throws BitloomError `store-locked`, `store-newer`, `store-of-another-model`, `cannot-write`, `disk-full`
 */
export async function openRun(folder: string, about: RunAbout, options: RunOptions = {}): Promise<RunStore> {
  const { now = Date.now } = options;
  const at = () => new Date(now()).toISOString();
  makeFolder(folder);
  const lock = takeLock(join(folder, RUN_FILES.lock), { owner: 'run', waitMs: LOCK_WAIT_MS, since: at() });
  if (!lock.held) throw storeLocked(folder, lock.holder);
  const notes: string[] = [];
  try {
    const database = openRunDatabase(folder, about, options.fresh ?? false, at(), notes);
    const artifacts = openArtifacts(join(folder, RUN_FILES.artifacts), 'run');
    const layer = openLayer({ database, artifacts, now, notes });
    return {
      ...resultsOf(layer),
      folder,
      notes,
      resumed: Number(database.all('SELECT count(*) AS rows FROM results')[0]?.rows),
      finish: (status) => setStatus(database, status, at()),
      close: async () => {
        closeRun(database);
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function openRunDatabase(folder: string, about: RunAbout, fresh: boolean, at: string, notes: string[]): Database {
  const database = openResults(join(folder, RUN_FILES.database), 'run', notes);
  try {
    const theirs = readRun(database)?.about;
    if (theirs && theirs.model.hash !== about.model.hash) {
      throw storeOfAnotherModel(folder, nameModel(theirs.model), nameModel(about.model));
    }
    if (fresh) forget(database, folder);
    database.transaction(() => writeRun(database, about, at));
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

export interface RunRecord {
  readonly about: Pick<RunAbout, 'id' | 'command' | 'model'>;
  readonly status: RunStatus;
  /** When something was last measured or the run ended, by the clock of that time. */
  readonly updated: string;
}

/** What a run's database says of the run, if it says it. */
export function readRun(database: Database): RunRecord | undefined {
  const [row] = database.all(
    'SELECT about, status, max(updated, coalesce((SELECT max(seen) FROM results), updated)) AS updated FROM run',
  );
  if (!row || typeof row.about !== 'string' || !isStatus(row.status)) return undefined;
  const about: unknown = JSON.parse(row.about);
  return isAbout(about) ? { about, status: row.status, updated: String(row.updated) } : undefined;
}

function writeRun(database: Database, about: RunAbout, at: string): void {
  const started = database.all('SELECT started FROM run')[0]?.started;
  database.run('DELETE FROM run');
  database.run("INSERT INTO run(about, status, started, updated) VALUES (?1, 'running', ?2, ?3)", [
    JSON.stringify(about),
    typeof started === 'string' ? started : at,
    at,
  ]);
}

function setStatus(database: Database, status: RunStatus, at: string): void {
  database.run('UPDATE run SET status = ?1, updated = ?2', [status, at]);
}

function forget(database: Database, folder: string): void {
  database.exec('BEGIN IMMEDIATE; DELETE FROM results; DELETE FROM artifacts; DELETE FROM run; COMMIT');
  rmSync(join(folder, RUN_FILES.artifacts), { recursive: true, force: true });
}

/** Back to one file, without a log beside it: the folder may be copied then. A reader may be in the way of that. */
function closeRun(database: Database): void {
  try {
    database.exec('PRAGMA journal_mode = DELETE');
  } catch {}
  database.close();
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    throw systemError('run', folder, cause);
  }
}

function nameModel({ path, hash }: RunAbout['model']): string {
  return `${path} (${hash.slice(0, 12)})`;
}

const STATUSES: readonly unknown[] = ['running', 'finished', 'interrupted', 'failed'] satisfies RunStatus[];

function isStatus(value: unknown): value is RunStatus {
  return STATUSES.includes(value);
}

function isAbout(value: unknown): value is RunRecord['about'] {
  if (!hasFields(value, 'id', 'command', 'model')) return false;
  return hasFields(value.model, 'path', 'hash') && [value.id, value.command].every((text) => typeof text === 'string');
}

function hasFields<K extends string>(value: unknown, ...names: readonly K[]): value is Record<K, unknown> {
  return typeof value === 'object' && value !== null && names.every((name) => name in value);
}
