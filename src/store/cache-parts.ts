import { join } from 'node:path';
import { type Artifacts, openArtifacts } from './artifacts.js';
import type { Database } from './database.js';
import { takeLock } from './lock.js';
import { makeFolder } from './make-folder.js';
import { BUSY_MS, openResults } from './schema.js';
import { storeError } from './store-errors.js';

/** An opened cache, for those who read and prune it. */
export interface CacheParts {
  readonly folder: string;
  readonly database: Database;
  readonly artifacts: Artifacts;
  readonly notes: string[];
}

/** Files and folders of a cache. */
export const CACHE_FILES = {
  database: 'results.sqlite',
  artifacts: 'artifacts',
  runs: 'runs',
  openLock: 'cache.lock',
  pruneLock: 'prune.lock',
} as const;

/** The lock is held while the database is checked, set aside or made, not while it is used. */
export function openParts(folder: string, busyMs = BUSY_MS): CacheParts {
  makeFolder(folder, 'cache');
  const notes: string[] = [];
  const lock = takeLock(join(folder, CACHE_FILES.openLock), { owner: 'cache', waitMs: busyMs });
  if (!lock.held) throw storeError('cache', 'busy', folder, 'it is being opened');
  try {
    const database = openResults(join(folder, CACHE_FILES.database), 'cache', notes, busyMs);
    return { folder, database, artifacts: openArtifacts(join(folder, CACHE_FILES.artifacts), 'cache'), notes };
  } finally {
    lock.release();
  }
}
