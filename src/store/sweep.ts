import { rmSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { CACHE_FILES, type CacheParts } from './cache-parts.js';
import type { Database } from './database.js';
import { listRuns, type RunListing } from './describe-cache.js';
import { bytesOf, diskBytes, type FileUse, filesBelow } from './disk-usage.js';
import { isHeld, takeLock } from './lock.js';
import { RUN_FILES } from './run-record.js';

/** Takes runs away, and says what is left. */
export interface RunSweep {
  /** The one used longest ago first. */
  runs(): readonly RunListing[];
  /** False for a run that a process holds: it stays. */
  removeRun(run: RunListing): boolean;
  /** On disk, of all that lies in the cache's folder. */
  bytes(): number;
}

/** Takes away what pruning rules out, and says what is left: in truth, or as a trial. */
export interface Sweep extends RunSweep {
  readonly database: Database;
  /** The folder of shared results that are files. */
  readonly artifacts: string;
  files(): readonly FileUse[];
  removeFiles(paths: readonly string[]): void;
  /** On disk, of shared results: in the database and in files. */
  sharedBytes(): number;
  /** Gives free pages back to the file system. */
  compact(): void;
}

export function sweepRuns(folder: string): RunSweep {
  return { runs: () => listRuns(folder), removeRun, bytes: () => diskBytes(folder) };
}

export function sweep(parts: CacheParts): Sweep {
  const { folder, database } = parts;
  const files = () => filesBelow(parts.artifacts.folder);
  return {
    ...sweepRuns(folder),
    database,
    artifacts: parts.artifacts.folder,
    files,
    removeFiles(paths) {
      for (const path of paths) rmSync(path, { force: true });
    },
    sharedBytes: () => bytesOf([...filesBelow(folder).filter((file) => isOfDatabase(parts, file)), ...files()]),
    // The log is emptied as well.
    compact: () => database.exec('PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)'),
  };
}

/**
 * Does `work` with a sweep that takes nothing away. Rows go in a transaction that is rolled back afterwards, and in which
 * SQLite knows how large the database would be; files and runs are counted out.
 */
export function trySweep<T>(parts: CacheParts, work: (sweep: Sweep) => T): T {
  const { folder, database, artifacts } = parts;
  let runs: readonly RunListing[] = listRuns(folder);
  let left: readonly FileUse[] = filesBelow(folder).filter((file) => !isRewritten(parts, file));
  const isFile = ({ path }: FileUse) => isBelow(artifacts.folder, path);
  database.exec('BEGIN IMMEDIATE');
  try {
    return work({
      database: { ...database, transaction: (action) => action() },
      artifacts: artifacts.folder,
      runs: () => runs,
      removeRun(run) {
        if (isHeld(join(run.folder, RUN_FILES.lock), 'run')) return false;
        runs = runs.filter((other) => other !== run);
        left = without(left, ({ path }) => isBelow(run.folder, path));
        return true;
      },
      bytes: () => bytesOf(left) + databaseBytes(database),
      files: () => left.filter(isFile),
      removeFiles(paths) {
        const gone = new Set(paths);
        left = without(left, ({ path }) => gone.has(path));
      },
      sharedBytes: () =>
        bytesOf(left.filter((file) => isFile(file) || isOfDatabase(parts, file))) + databaseBytes(database),
      compact: () => database.exec('PRAGMA incremental_vacuum'),
    });
  } finally {
    database.exec('ROLLBACK');
  }
}

/** Deletes a run's folder under its lock. */
function removeRun({ folder }: RunListing): boolean {
  const lock = takeLock(join(folder, RUN_FILES.lock), { owner: 'run', waitMs: 0 });
  if (!lock.held) return false;
  try {
    rmSync(folder, { recursive: true, force: true });
    return true;
  } finally {
    lock.release();
  }
}

/** Also those that are set aside. */
function isOfDatabase({ folder }: CacheParts, { path }: FileUse): boolean {
  return dirname(path) === folder && basename(path).startsWith(CACHE_FILES.database);
}

/** The database itself and its log, which pruning shortens. */
function isRewritten({ database }: CacheParts, { path }: FileUse): boolean {
  return path === database.file || path === `${database.file}-wal`;
}

function databaseBytes(database: Database): number {
  const [row] = database.all('SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size');
  return Number(row.bytes);
}

function isBelow(folder: string, path: string): boolean {
  return path.startsWith(`${folder}${sep}`);
}

/** The files that are left, with the names that are left of each content. */
function without(files: readonly FileUse[], isGone: (file: FileUse) => boolean): readonly FileUse[] {
  const gone = new Map<string, number>();
  for (const { identity } of files.filter(isGone)) gone.set(identity, (gone.get(identity) ?? 0) + 1);
  return files
    .filter((file) => !isGone(file))
    .map((file) => ({ ...file, names: file.names - (gone.get(file.identity) ?? 0) }));
}
