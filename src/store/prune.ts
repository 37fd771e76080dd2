import { rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { temporaryFolder } from './artifacts.js';
import { CACHE_FILES, type CacheParts, openParts } from './cache-parts.js';
import { listRuns, type RunListing } from './describe-cache.js';
import { bytesOf, filesBelow } from './disk-usage.js';
import { takeLock } from './lock.js';
import { RUN_FILES } from './run-record.js';
import { BUSY_MS } from './schema.js';
import { dropAll, dropLeastUsed, dropOlder, knownFiles } from './shared-rows.js';
import { storeError } from './store-errors.js';

/** Everything that any of these rules out goes. */
export interface PruneLimits {
  readonly maxBytes?: number;
  /** Days since the last use, by the clock. */
  readonly olderThanDays?: number;
  readonly all?: boolean;
}

export interface Pruned {
  /** Shared rows and files that went. */
  readonly results: number;
  /** Runs that went, by id. */
  readonly runs: readonly string[];
  readonly freedBytes: number;
  readonly leftBytes: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Prunes the cache in `folder`. A run that a process holds stays. */
export async function pruneCache(folder: string, limits: PruneLimits, now = Date.now): Promise<Pruned> {
  const since = new Date(now()).toISOString();
  const parts = openParts(folder, since);
  try {
    const pruned = prune(parts, limits, now(), BUSY_MS);
    if (!pruned) throw storeError('cache', 'busy', folder, 'it is being pruned');
    return pruned;
  } finally {
    parts.database.close();
  }
}

/** Prunes an open cache. Nothing is done, and given back, while another process does so for longer than `waitMs`. */
export function prune(parts: CacheParts, limits: PruneLimits, nowMs: number, waitMs = 0): Pruned | undefined {
  const since = new Date(nowMs).toISOString();
  const lock = takeLock(join(parts.folder, CACHE_FILES.pruneLock), { owner: 'cache', waitMs, since });
  if (!lock.held) return undefined;
  try {
    const before = diskBytes(parts);
    const gone: Gone = { results: 0, runs: [] };
    removeOrphans(parts, nowMs);
    if (limits.all) pruneAll(parts, gone);
    if (limits.olderThanDays !== undefined) pruneOlder(parts, nowMs - limits.olderThanDays * DAY_MS, gone);
    if (limits.maxBytes !== undefined) pruneToFit(parts, limits.maxBytes, gone);
    compact(parts);
    const leftBytes = diskBytes(parts);
    return { ...gone, freedBytes: Math.max(0, before - leftBytes), leftBytes };
  } finally {
    lock.release();
  }
}

/** Bytes on disk of all that lies in the cache's folder. */
export function diskBytes({ folder }: CacheParts): number {
  return bytesOf(filesBelow(folder));
}

interface Gone {
  results: number;
  readonly runs: string[];
}

function pruneAll(parts: CacheParts, gone: Gone): void {
  gone.results += dropAll(parts);
  for (const run of listRuns(parts.folder)) removeRun(run, gone);
}

function pruneOlder(parts: CacheParts, beforeMs: number, gone: Gone): void {
  gone.results += dropOlder(parts, new Date(beforeMs).toISOString());
  for (const run of listRuns(parts.folder)) if (Date.parse(run.lastUsed) < beforeMs) removeRun(run, gone);
}

/** Shared results may keep this part of the room as long as there are ended runs that could go instead. */
const SHARED_PART = 1 / 2;

/**
 * What costs least to lose goes first: shared results beyond their part, the least recently used first; runs that
 * ended, the oldest first; then all shared results; and last the runs that were interrupted, since somebody may want
 * to go on with them.
 */
function pruneToFit(parts: CacheParts, maxBytes: number, gone: Gone): void {
  const runs = listRuns(parts.folder);
  const [interrupted, ended] = [runs.filter(wasInterrupted), runs.filter((run) => !wasInterrupted(run))];
  shrinkShared(parts, maxBytes, maxBytes * SHARED_PART, gone);
  removeWhileOver(parts, maxBytes, ended, gone);
  shrinkShared(parts, maxBytes, 0, gone);
  removeWhileOver(parts, maxBytes, interrupted, gone);
}

function wasInterrupted({ status }: RunListing): boolean {
  return status === 'interrupted';
}

/** Drops shared results until all fits into `maxBytes`, or they take no more than `least`. */
function shrinkShared(parts: CacheParts, maxBytes: number, least: number, gone: Gone): void {
  for (;;) {
    compact(parts);
    const excess = Math.min(diskBytes(parts) - maxBytes, sharedBytes(parts) - least);
    const dropped = excess > 0 ? dropLeastUsed(parts, excess) : 0;
    if (dropped === 0) return;
    gone.results += dropped;
  }
}

function removeWhileOver(parts: CacheParts, maxBytes: number, runs: readonly RunListing[], gone: Gone): void {
  for (const run of runs) {
    if (diskBytes(parts) <= maxBytes) return;
    removeRun(run, gone);
  }
}

/** Deletes a run's folder under its lock, unless a process holds it. */
function removeRun({ id, folder }: RunListing, gone: Gone): void {
  const lock = takeLock(join(folder, RUN_FILES.lock), { owner: 'run', waitMs: 0, since: new Date().toISOString() });
  if (!lock.held) return;
  try {
    rmSync(folder, { recursive: true, force: true });
    gone.runs.push(id);
  } finally {
    lock.release();
  }
}

function sharedBytes({ folder, artifacts }: CacheParts): number {
  const database = filesBelow(folder).filter(({ path }) => basename(path).startsWith(CACHE_FILES.database));
  return bytesOf([...database.filter(({ path }) => dirname(path) === folder), ...filesBelow(artifacts.folder)]);
}

/** Gives free pages back to the file system, and empties the log. */
function compact({ database }: CacheParts): void {
  database.exec('PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)');
}

/** No file takes so long to write. */
const ABANDONED_MS = 60 * 60 * 1000;

/** Files that no row knows, and what writers left that were killed. */
function removeOrphans(parts: CacheParts, nowMs: number): void {
  const known = knownFiles(parts);
  const partial = temporaryFolder(parts.artifacts.folder);
  for (const { path, changedMs } of filesBelow(parts.artifacts.folder)) {
    const isPartial = dirname(path) === partial;
    const hash = `${basename(dirname(path))}${basename(path)}`;
    if (isPartial ? changedMs < nowMs - ABANDONED_MS : !known.has(hash)) rmSync(path, { force: true });
  }
}
