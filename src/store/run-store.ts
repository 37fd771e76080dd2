import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { BitloomError } from '../kernel/errors.js';
import { openArtifacts, temporaryFolder } from './artifacts.js';
import type { Database } from './database.js';
import { openLayer } from './layer.js';
import { takeLock } from './lock.js';
import { makeFolder } from './make-folder.js';
import { type Results, resultsOf } from './results.js';
import { RUN_FILES, type RunAbout, type RunStatus, readRun, setStatus, writeRun } from './run-record.js';
import { openResults } from './schema.js';
import { storeLocked, storeOfAnotherModel } from './store-errors.js';

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
  /** Says how it ended, for the list of runs. One that could not say so, for want of room, is listed as interrupted. */
  finish(status: Exclude<RunStatus, 'running'>): void;
  close(): Promise<void>;
}

const LOCK_WAIT_MS = 500;

/**
 * Opens the run in `folder`, which is made if it is not there.
 *
 * @throws BitloomError `store-locked`, `store-newer`, `store-of-another-model`, `cannot-write`, `disk-full`
 */
export async function openRun(folder: string, about: RunAbout, options: RunOptions = {}): Promise<RunStore> {
  const { now = Date.now } = options;
  const at = () => new Date(now()).toISOString();
  makeFolder(folder, 'run');
  const lock = takeLock(join(folder, RUN_FILES.lock), { owner: 'run', waitMs: LOCK_WAIT_MS, since: at() });
  if (!lock.held) throw storeLocked(folder, lock.holder);
  const notes: string[] = [];
  try {
    const database = openRunDatabase(folder, about, options.fresh ?? false, at(), notes);
    const artifacts = openArtifacts(join(folder, RUN_FILES.artifacts), 'run');
    // Nobody else writes here: what lies there was left by a process that was killed.
    rmSync(temporaryFolder(artifacts.folder), { recursive: true, force: true });
    const layer = openLayer({ database, artifacts, now, notes });
    return {
      ...resultsOf(layer),
      folder,
      notes,
      resumed: Number(database.all('SELECT count(*) AS rows FROM results')[0]?.rows),
      finish: (status) => finish(database, status, at(), notes),
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

/** What was measured does not hang on this: where it fails, the error that ended the run must not be lost to it. */
function finish(database: Database, status: RunStatus, at: string, notes: string[]): void {
  try {
    setStatus(database, status, at);
  } catch (error) {
    if (!(error instanceof BitloomError)) throw error;
    notes.push(`the end of the run could not be written down: ${error.message}`);
  }
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

function nameModel({ path, hash }: RunAbout['model']): string {
  return `${path} (${hash.slice(0, 12)})`;
}
