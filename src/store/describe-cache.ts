import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { BitloomError } from '../kernel/errors.js';
import { CACHE_FILES, openParts } from './cache-parts.js';
import { DamagedFile, type Database, openDatabase } from './database.js';
import { bytesOf, filesBelow } from './disk-usage.js';
import { isHeld } from './lock.js';
import { RUN_FILES, type RunRecord, type RunStatus, readRun } from './run-record.js';

export interface KindListing {
  readonly kind: string;
  readonly rows: number;
  /** Of the values, whether in the database or in files. */
  readonly bytes: number;
}

export interface RunListing {
  /** The name of its folder. */
  readonly id: string;
  readonly folder: string;
  /** `damaged`: its database cannot be read. A run that ended without saying how was interrupted. */
  readonly status: RunStatus | 'damaged';
  readonly about?: RunRecord['about'];
  readonly rows: readonly KindListing[];
  /** On disk, with files that it shares with others. */
  readonly bytes: number;
  /** ISO 8601. */
  readonly lastUsed: string;
}

export interface CacheListing {
  readonly folder: string;
  readonly results: readonly KindListing[];
  readonly runs: readonly RunListing[];
  /** On disk; what several share counts once. */
  readonly bytes: number;
}

/** What the cache in `folder` holds. One that is not there is empty, and stays so. */
export async function describeCache(folder: string): Promise<CacheListing> {
  return {
    folder,
    results: existsSync(join(folder, CACHE_FILES.database)) ? sharedKinds(folder) : [],
    runs: listRuns(folder),
    bytes: bytesOf(filesBelow(folder)),
  };
}

/** The runs in the cache's folder, the one used longest ago first. */
export function listRuns(cache: string): readonly RunListing[] {
  const folder = join(cache, CACHE_FILES.runs);
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names
    .filter((id) => existsSync(join(folder, id, RUN_FILES.database)))
    .map((id) => describeRun(id, join(folder, id)))
    .sort((a, b) => Date.parse(a.lastUsed) - Date.parse(b.lastUsed));
}

function describeRun(id: string, folder: string): RunListing {
  const files = filesBelow(folder);
  const record = readRecord(join(folder, RUN_FILES.database));
  const changed = Math.max(0, ...files.map((file) => file.changedMs));
  return {
    id,
    folder,
    status: statusOf(folder, record),
    rows: typeof record === 'object' ? record.rows : [],
    bytes: bytesOf(files),
    lastUsed: typeof record === 'object' ? record.updated : new Date(changed).toISOString(),
    ...(typeof record === 'object' && { about: record.about }),
  };
}

type RunFound = RunRecord & Pick<RunListing, 'rows'>;

/** A record that cannot be read just now, on a full disk for one, says nothing about the run. */
function readRecord(file: string): RunFound | 'damaged' | 'unknown' {
  const database = openDatabase(file, { owner: 'run', busyMs: READ_BUSY_MS });
  try {
    const record = readRun(database);
    return record ? { ...record, rows: kindsIn(database) } : 'damaged';
  } catch (error) {
    if (error instanceof DamagedFile) return 'damaged';
    if (error instanceof BitloomError) return 'unknown';
    throw error;
  } finally {
    database.close();
  }
}

const READ_BUSY_MS = 500;

function statusOf(folder: string, record: RunRecord | 'damaged' | 'unknown'): RunListing['status'] {
  if (isHeld(join(folder, RUN_FILES.lock), 'run')) return 'running';
  if (record === 'damaged') return 'damaged';
  return record === 'unknown' || record.status === 'running' ? 'interrupted' : record.status;
}

function sharedKinds(folder: string): readonly KindListing[] {
  const { database } = openParts(folder);
  try {
    return kindsIn(database);
  } finally {
    database.close();
  }
}

function kindsIn(database: Database): readonly KindListing[] {
  return database
    .all('SELECT kind, count(*) AS rows, sum(bytes) AS bytes FROM results GROUP BY kind ORDER BY kind')
    .map(({ kind, rows, bytes }) => ({ kind: String(kind), rows: Number(rows), bytes: Number(bytes) }));
}
