import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import envPaths from 'env-paths';
import { type Artifacts, openArtifacts } from './artifacts.js';
import type { Database } from './database.js';
import { openLayer, writeUses } from './layer.js';
import { takeLock } from './lock.js';
import { type Results, resultsOf } from './results.js';
import { BUSY_MS, openResults } from './schema.js';
import { storeError, systemError } from './store-errors.js';

/** What all runs share, in use by many processes at once. */
export interface CacheStore extends Results {
  readonly folder: string;
  /** What was damaged and set aside, deleted or measured again. Grows while the cache is open. */
  readonly notes: readonly string[];
  /** Writes down what was used and prunes what is too much. */
  close(): Promise<void>;
}

export interface CacheOptions {
  /** Bytes that results, files and runs in the folder may take together. */
  readonly maxBytes: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** `$BITLOOM_CACHE`, else the place that the system has for caches. */
export function defaultCacheFolder(): string {
  return process.env.BITLOOM_CACHE || envPaths('bitloom', { suffix: '' }).cache;
}

/** The folder of the run `id` where none is named. */
export function runFolder(cache: string, id: string): string {
  return join(cache, RUNS, id);
}

/** Folders of a cache beside its database. */
export const RUNS = 'runs';
const DATABASE = 'results.sqlite';
const LOCK = 'cache.lock';

/** One file may not push out all others. */
const LARGEST_PART = 8;

/** An opened cache, for those who read and prune it. */
export interface CacheParts {
  readonly folder: string;
  readonly database: Database;
  readonly artifacts: Artifacts;
  readonly notes: string[];
}

/** @throws BitloomError `cache-unwritable`, `cache-busy`, `store-newer`, `disk-full` */
export async function openCache(folder: string, { maxBytes, now = Date.now }: CacheOptions): Promise<CacheStore> {
  const at = () => new Date(now()).toISOString();
  const parts = openParts(folder, at());
  const used = { rows: new Set<string>(), artifacts: new Set<string>() };
  const bounds = { maxFileBytes: maxBytes / LARGEST_PART, grew: async () => {}, used };
  return {
    ...resultsOf(openLayer({ ...parts, now, bounds })),
    folder,
    notes: parts.notes,
    close: async () => {
      writeUses(parts.database, used, at());
      parts.database.close();
    },
  };
}

/** The lock is held while the database is checked, set aside or made, not while it is used. */
export function openParts(folder: string, since: string): CacheParts {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    throw systemError('cache', folder, cause);
  }
  const notes: string[] = [];
  const lock = takeLock(join(folder, LOCK), { owner: 'cache', waitMs: BUSY_MS, since });
  if (!lock.held) throw storeError('cache', 'busy', folder, lock.holder ? `process ${lock.holder.pid}` : 'not known');
  try {
    const database = openResults(join(folder, DATABASE), 'cache', notes);
    return { folder, database, artifacts: openArtifacts(join(folder, 'artifacts'), 'cache'), notes };
  } finally {
    lock.release();
  }
}
