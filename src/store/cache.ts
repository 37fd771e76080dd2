import { join } from 'node:path';
import envPaths from 'env-paths';
import { BitloomError } from '../kernel/errors.js';
import { CACHE_FILES, type CacheParts, openParts } from './cache-parts.js';
import { DamagedFile } from './database.js';
import { diskBytes } from './disk-usage.js';
import { openLayer, writeUses } from './layer.js';
import { prune } from './prune.js';
import { type Results, resultsOf } from './results.js';
import { BUSY_MS } from './schema.js';

/** What all runs share, in use by many processes at once. */
export interface CacheStore extends Results {
  readonly folder: string;
  /** What was damaged and set aside, deleted or measured again. Grows while the cache is open. */
  readonly notes: readonly string[];
  /** Writes down what was used, and prunes what is too much. */
  close(): Promise<void>;
}

export interface CacheOptions {
  /** Bytes that results, files and runs in the folder may take together. */
  readonly maxBytes: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** How long another program's lock is waited for, in milliseconds. */
  readonly busyMs?: number;
}

/** `$BITLOOM_CACHE`, else the place that the system has for caches. */
export function defaultCacheFolder(): string {
  return process.env.BITLOOM_CACHE || envPaths('bitloom', { suffix: '' }).cache;
}

/** The folder of the run `id` where none is named. */
export function runFolder(cache: string, id: string): string {
  return join(cache, CACHE_FILES.runs, id);
}

/** One file may not push out all others. */
const LARGEST_PART = 1 / 8;

/** Pruned in use, the cache gets this part of its room free, so that the next row does not prune again. */
const FREE_PART = 1 / 10;

/**
 * Opens the cache in `folder`, which is made if it is not there. Pruned when it grows past its bounds, and at the end.
 *
 * @throws BitloomError `cache-unwritable`, `cache-busy`, `store-newer`, `disk-full`
 */
export async function openCache(folder: string, options: CacheOptions): Promise<CacheStore> {
  const { maxBytes, now = Date.now, busyMs = BUSY_MS } = options;
  const parts = openParts(folder, busyMs);
  const used = { rows: new Set<string>(), artifacts: new Set<string>() };
  const bounded = keepBounded(parts, maxBytes, () => {
    writeUses(parts.database, used, new Date(now()).toISOString());
    return now();
  });
  const bounds = { maxFileBytes: maxBytes * LARGEST_PART, grew: bounded.grew, used };
  return {
    ...resultsOf(openLayer({ ...parts, now, bounds })),
    folder,
    notes: parts.notes,
    close: async () => {
      bounded.close();
      parts.database.close();
    },
  };
}

/** `settle` writes down what was used, so that it is not pruned first, and tells the time. */
function keepBounded(parts: CacheParts, maxBytes: number, settle: () => number) {
  let bytes = diskBytes(parts.folder);
  let most = maxBytes;
  const shrink = (bound: number) => {
    const pruned = noted(parts, () => prune(parts, { maxBytes: bound }, settle()));
    bytes = pruned?.leftBytes ?? diskBytes(parts.folder);
    // What cannot go, a run in use, must not make every row prune again.
    most = Math.max(maxBytes, bytes + maxBytes * FREE_PART);
  };
  return {
    grew: async (more: number): Promise<void> => {
      bytes += more;
      if (bytes > most) shrink(maxBytes * (1 - FREE_PART));
    },
    close: (): void => {
      settle();
      if (diskBytes(parts.folder) > maxBytes) shrink(maxBytes);
    },
  };
}

/** Tidying up must not fail the work that is done: what was in its way is told. */
function noted<T>(parts: CacheParts, action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof BitloomError || error instanceof DamagedFile)) throw error;
    parts.notes.push(`the cache was not pruned: ${error.message}`);
    return undefined;
  }
}
