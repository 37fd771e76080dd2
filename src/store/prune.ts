import { existsSync, rmSync, statfsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { temporaryFolder } from './artifacts.js';
import { CACHE_FILES, type CacheParts, openParts } from './cache-parts.js';
import type { RunListing } from './describe-cache.js';
import { diskBytes } from './disk-usage.js';
import { takeLock } from './lock.js';
import { BUSY_MS } from './schema.js';
import { dropAll, dropLeastUsed, dropOlder, knownFiles } from './shared-rows.js';
import { storeError } from './store-errors.js';
import { type RunSweep, type Sweep, sweep, sweepRuns, trySweep } from './sweep.js';

/** Everything that any of these rules out goes. */
export interface PruneLimits {
  readonly maxBytes?: number;
  /** Days since the last use, by the clock. */
  readonly olderThanDays?: number;
  readonly all?: boolean;
}

export interface PruneOptions extends PruneLimits {
  /** Only tells what would go. */
  readonly dryRun?: boolean;
}

export interface Pruned {
  /** Shared rows and files that went. */
  readonly results: number;
  /** Runs that went, by id. */
  readonly runs: readonly string[];
  readonly freedBytes: number;
  readonly leftBytes: number;
  /** All is there still: this is what would go. */
  readonly dryRun?: true;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Prunes the cache in `folder`. A run that a process holds stays. */
export async function pruneCache(folder: string, options: PruneOptions, now = Date.now): Promise<Pruned> {
  return options.dryRun ? tryPruning(folder, options, now()) : pruneAll(folder, options, now());
}

function tryPruning(folder: string, limits: PruneLimits, nowMs: number): Pruned {
  if (!existsSync(folder)) return { results: 0, runs: [], freedBytes: 0, leftBytes: 0, dryRun: true };
  const pruned = inParts(folder, (parts) =>
    locked(parts, BUSY_MS, () => trySweep(parts, (tried) => takeAway(tried, parts.folder, limits, nowMs))),
  );
  return { ...pruned, dryRun: true };
}

function pruneAll(folder: string, limits: PruneLimits, nowMs: number): Pruned {
  const early = makeRoom(folder, limits, nowMs);
  const { results, runs, freedBytes, leftBytes } = inParts(folder, (parts) => prune(parts, limits, nowMs, BUSY_MS));
  return { results, runs: [...early.runs, ...runs], freedBytes: early.freedBytes + freedBytes, leftBytes };
}

function inParts(folder: string, work: (parts: CacheParts) => Pruned | undefined): Pruned {
  const parts = openParts(folder);
  try {
    const pruned = work(parts);
    if (!pruned) throw storeError('cache', 'busy', folder, 'it is being pruned');
    return pruned;
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
  pruneRuns(sweepRuns(folder), limits, nowMs, gone);
  return { runs: gone.runs, freedBytes: before - diskBytes(folder) };
}

const LEAST_FREE_BYTES = 256 * 1024;

function freeBytes(folder: string): number {
  if (!existsSync(folder)) return Number.POSITIVE_INFINITY;
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** Takes the runs that `limits` rule out while shared results stay. */
function pruneRuns(cache: RunSweep, { all, olderThanDays, maxBytes }: PruneLimits, nowMs: number, gone: Gone): void {
  const oldestMs = all ? Number.POSITIVE_INFINITY : nowMs - (olderThanDays ?? Number.POSITIVE_INFINITY) * DAY_MS;
  for (const run of cache.runs()) if (Date.parse(run.lastUsed) < oldestMs) removeRun(cache, run, gone);
  if (maxBytes !== undefined) removeWhileOver(cache, maxBytes, endedRuns(cache), gone);
}

/** Prunes an open cache. Nothing is done, and given back, while another process does so for longer than `waitMs`. */
export function prune(parts: CacheParts, limits: PruneLimits, nowMs: number, waitMs = 0): Pruned | undefined {
  return locked(parts, waitMs, () => takeAway(sweep(parts), parts.folder, limits, nowMs));
}

function locked(parts: CacheParts, waitMs: number, work: () => Pruned): Pruned | undefined {
  const lock = takeLock(join(parts.folder, CACHE_FILES.pruneLock), { owner: 'cache', waitMs });
  if (!lock.held) return undefined;
  try {
    return work();
  } finally {
    lock.release();
  }
}

/**
 * What costs least to lose goes first: orphans; shared results beyond their part of the room, the least recently used
 * first; runs that ended, the oldest first; the other shared results; interrupted runs.
 */
function takeAway(cache: Sweep, folder: string, limits: PruneLimits, nowMs: number): Pruned {
  const before = diskBytes(folder);
  const gone: Gone = { results: 0, runs: [] };
  removeOrphans(cache, nowMs);
  pruneShared(cache, limits, nowMs, gone);
  pruneRuns(cache, limits, nowMs, gone);
  if (limits.maxBytes !== undefined) pruneTheRest(cache, limits.maxBytes, gone);
  cache.compact();
  const leftBytes = cache.bytes();
  return { ...gone, freedBytes: Math.max(0, before - leftBytes), leftBytes };
}

interface Gone {
  results: number;
  readonly runs: string[];
}

/** Shared results may keep this part of the room as long as there are ended runs that could go instead. */
const SHARED_PART = 1 / 2;

function pruneShared(cache: Sweep, limits: PruneLimits, nowMs: number, gone: Gone): void {
  const { all, olderThanDays, maxBytes } = limits;
  if (all) gone.results += dropAll(cache);
  if (olderThanDays !== undefined)
    gone.results += dropOlder(cache, new Date(nowMs - olderThanDays * DAY_MS).toISOString());
  if (maxBytes !== undefined) shrinkShared(cache, maxBytes, maxBytes * SHARED_PART, gone);
}

/** Where that did not do: shared results, and last the runs that were interrupted, since somebody may go on with them. */
function pruneTheRest(cache: Sweep, maxBytes: number, gone: Gone): void {
  shrinkShared(cache, maxBytes, 0, gone);
  removeWhileOver(cache, maxBytes, cache.runs(), gone);
}

function endedRuns(cache: RunSweep): readonly RunListing[] {
  return cache.runs().filter(({ status }) => status !== 'interrupted');
}

/** Drops shared results until all fits into `maxBytes`, or they take no more than `least`. */
function shrinkShared(cache: Sweep, maxBytes: number, least: number, gone: Gone): void {
  for (;;) {
    cache.compact();
    const excess = Math.min(cache.bytes() - maxBytes, cache.sharedBytes() - least);
    const dropped = excess > 0 ? dropLeastUsed(cache, excess) : 0;
    if (dropped === 0) return;
    gone.results += dropped;
  }
}

function removeWhileOver(cache: RunSweep, maxBytes: number, runs: readonly RunListing[], gone: Gone): void {
  for (const run of runs) {
    if (cache.bytes() <= maxBytes) return;
    removeRun(cache, run, gone);
  }
}

function removeRun(cache: RunSweep, run: RunListing, gone: Gone): void {
  if (cache.removeRun(run)) gone.runs.push(run.id);
}

/** No file takes so long to write. */
const ABANDONED_MS = 60 * 60 * 1000;

/** Files that no row knows, and what writers left that were killed. */
function removeOrphans(cache: Sweep, nowMs: number): void {
  const known = knownFiles(cache);
  const partial = temporaryFolder(cache.artifacts);
  const isOrphan = (path: string, changedMs: number) =>
    dirname(path) === partial
      ? changedMs < nowMs - ABANDONED_MS
      : !known.has(`${basename(dirname(path))}${basename(path)}`);
  const orphans = cache.files().filter(({ path, changedMs }) => isOrphan(path, changedMs));
  cache.removeFiles(orphans.map(({ path }) => path));
}
