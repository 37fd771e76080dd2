import { existsSync, rmSync, statfsSync } from 'node:fs';
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
  const early = makeRoom(folder, limits, now());
  const parts = openParts(folder);
  try {
    const pruned = prune(parts, limits, now(), BUSY_MS);
    if (!pruned) throw storeError('cache', 'busy', folder, 'it is being pruned');
    const { results, runs, freedBytes, leftBytes } = pruned;
    return { results, runs: [...early.runs, ...runs], freedBytes: early.freedBytes + freedBytes, leftBytes };
  } finally {
    parts.database.close();
  }
}

/** On a full disk no row can be deleted, since that is written to the log: then runs go before the database is opened. */
function makeRoom(folder: string, limits: PruneLimits, nowMs: number): Pick<Pruned, 'runs' | 'freedBytes'> {
  const gone: Gone = { results: 0, runs: [] };
  if (freeBytes(folder) > LEAST_FREE_BYTES) return { runs: [], freedBytes: 0 };
  const before = diskBytes(folder);
  if (limits.all) rmSync(join(folder, CACHE_FILES.artifacts), { recursive: true, force: true });
  pruneRuns(folder, limits, nowMs, gone);
  return { runs: gone.runs, freedBytes: before - diskBytes(folder) };
}

const LEAST_FREE_BYTES = 256 * 1024;

function freeBytes(folder: string): number {
  if (!existsSync(folder)) return Number.POSITIVE_INFINITY;
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** Deletes the runs that `limits` rule out while shared results stay. */
function pruneRuns(folder: string, { all, olderThanDays, maxBytes }: PruneLimits, nowMs: number, gone: Gone): void {
  const oldestMs = all ? Number.POSITIVE_INFINITY : nowMs - (olderThanDays ?? Number.POSITIVE_INFINITY) * DAY_MS;
  for (const run of listRuns(folder)) if (Date.parse(run.lastUsed) < oldestMs) removeRun(run, gone);
  if (maxBytes !== undefined) removeWhileOver(folder, maxBytes, endedRuns(folder), gone);
}

/**
 * Prunes an open cache. What costs least to lose goes first: orphans; shared results beyond their part of the room, the
 * least recently used first; runs that ended, the oldest first; the other shared results; interrupted runs. Nothing is done, and given back, while another process does so for longer than `waitMs`.
 */
export function prune(parts: CacheParts, limits: PruneLimits, nowMs: number, waitMs = 0): Pruned | undefined {
  const lock = takeLock(join(parts.folder, CACHE_FILES.pruneLock), { owner: 'cache', waitMs });
  if (!lock.held) return undefined;
  try {
    const before = diskBytes(parts.folder);
    const gone: Gone = { results: 0, runs: [] };
    removeOrphans(parts, nowMs);
    pruneShared(parts, limits, nowMs, gone);
    pruneRuns(parts.folder, limits, nowMs, gone);
    if (limits.maxBytes !== undefined) pruneTheRest(parts, limits.maxBytes, gone);
    compact(parts);
    const leftBytes = diskBytes(parts.folder);
    return { ...gone, freedBytes: Math.max(0, before - leftBytes), leftBytes };
  } finally {
    lock.release();
  }
}

/** Bytes on disk of all that lies in the cache's folder. */
export function diskBytes(folder: string): number {
  return bytesOf(filesBelow(folder));
}

interface Gone {
  results: number;
  readonly runs: string[];
}

/** Shared results may keep this part of the room as long as there are ended runs that could go instead. */
const SHARED_PART = 1 / 2;

function pruneShared(parts: CacheParts, limits: PruneLimits, nowMs: number, gone: Gone): void {
  const { all, olderThanDays, maxBytes } = limits;
  if (all) gone.results += dropAll(parts);
  if (olderThanDays !== undefined)
    gone.results += dropOlder(parts, new Date(nowMs - olderThanDays * DAY_MS).toISOString());
  if (maxBytes !== undefined) shrinkShared(parts, maxBytes, maxBytes * SHARED_PART, gone);
}

/** Where that did not do: shared results, and last the runs that were interrupted, since somebody may go on with them. */
function pruneTheRest(parts: CacheParts, maxBytes: number, gone: Gone): void {
  shrinkShared(parts, maxBytes, 0, gone);
  removeWhileOver(parts.folder, maxBytes, listRuns(parts.folder), gone);
}

function endedRuns(folder: string): readonly RunListing[] {
  return listRuns(folder).filter(({ status }) => status !== 'interrupted');
}

/** Drops shared results until all fits into `maxBytes`, or they take no more than `least`. */
function shrinkShared(parts: CacheParts, maxBytes: number, least: number, gone: Gone): void {
  for (;;) {
    compact(parts);
    const excess = Math.min(diskBytes(parts.folder) - maxBytes, sharedBytes(parts) - least);
    const dropped = excess > 0 ? dropLeastUsed(parts, excess) : 0;
    if (dropped === 0) return;
    gone.results += dropped;
  }
}

function removeWhileOver(folder: string, maxBytes: number, runs: readonly RunListing[], gone: Gone): void {
  for (const run of runs) {
    if (diskBytes(folder) <= maxBytes) return;
    removeRun(run, gone);
  }
}

/** Deletes a run's folder under its lock, unless a process holds it. */
function removeRun({ id, folder }: RunListing, gone: Gone): void {
  const lock = takeLock(join(folder, RUN_FILES.lock), { owner: 'run', waitMs: 0 });
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
