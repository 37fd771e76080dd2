import { readFile } from 'node:fs/promises';
import type { Artifact, Artifacts } from './artifacts.js';
import type { RowKey } from './canonical.js';
import { DamagedFile, type Database } from './database.js';
import { dropRow, keepArtifact, keepRow, readRow, touch } from './rows.js';
import { storeError } from './store-errors.js';

/** The bytes of a value, and the file that holds them if they are many. */
export interface Stored {
  readonly bytes: Uint8Array;
  readonly artifact?: Artifact;
}

/** One place in which results lie: rows in a database, many bytes in files beside it. */
export interface Layer {
  find(row: RowKey): Promise<Stored | undefined>;
  /** Stores the bytes, and says which file they went to, if any. `computed` is false for a copy of another layer. */
  keep(row: RowKey, stored: Stored, computed: boolean): Promise<Stored>;
  /** Takes over the file `path`. */
  take(path: string): Promise<Artifact>;
  /** Takes a second name for a file of another layer; nothing is taken of one that vanished. */
  adopt(artifact: Artifact): Promise<Artifact | undefined>;
  file(hash: string): Promise<Artifact | undefined>;
}

export interface LayerOptions {
  readonly database: Database;
  readonly artifacts: Artifacts;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** What was damaged goes here, for the user to see. */
  readonly notes: string[];
  /** For a layer that is pruned. */
  readonly bounds?: Bounds;
}

export interface Bounds {
  /** A larger file is not taken, so that it is a miss later. */
  readonly maxFileBytes: number;
  /** Hears of every addition, in bytes. */
  readonly grew: (bytes: number) => Promise<void>;
  /** What was found, to be written down as used. */
  readonly used: Used;
}

/** Hashes of rows and files used since that was last written down. */
export interface Used {
  readonly rows: Set<string>;
  readonly artifacts: Set<string>;
}

/**
 * Larger values are files: the file system is faster there, and two layers can share one copy
 * (https://www.sqlite.org/intern-v-extern-blob.html puts the turning point at about 100 kB).
 */
const INLINE_BYTES = 64 * 1024;

export function openLayer(options: LayerOptions): Layer {
  return {
    find: (row) => find(options, row),
    keep: (row, stored, computed) => keep(options, row, stored, computed),
    take: async (path) => admitted(options, await options.artifacts.take(path)),
    adopt: (artifact) => adopt(options, artifact),
    file: (hash) => file(options, hash),
  };
}

async function find(options: LayerOptions, row: RowKey): Promise<Stored | undefined> {
  const { database, bounds } = options;
  const found = readRow(database, row.hash);
  if (found === 'absent') return undefined;
  if (found === 'damaged') return drop(options, row, `the row ${row.hash} (${row.kind}) was damaged`);
  bounds?.used.rows.add(row.hash);
  if (found instanceof Uint8Array) return { bytes: found };
  const artifact = await file(options, found.artifact);
  const bytes = artifact && (await readFile(artifact.path).catch(() => undefined));
  return bytes ? { bytes, artifact } : drop(options, row);
}

async function file(options: LayerOptions, hash: string): Promise<Artifact | undefined> {
  const found = await options.artifacts.find(hash);
  if (found === 'damaged') note(options, `the file ${hash} was damaged`);
  if (typeof found === 'string') return undefined;
  options.bounds?.used.artifacts.add(hash);
  return found;
}

async function keep(options: LayerOptions, row: RowKey, stored: Stored, computed: boolean): Promise<Stored> {
  const { bytes } = stored;
  const isFile = bytes.length > INLINE_BYTES;
  if (isFile && !admits(options, bytes.length)) return stored;
  const artifact = isFile ? await keepBytes(options, stored) : undefined;
  const entry = { row, bytes, computed, at: when(options), ...(artifact && { artifact }) };
  written(options, () => keepRow(options.database, entry));
  await options.bounds?.grew(bytes.length);
  return artifact ? { bytes, artifact } : stored;
}

async function keepBytes({ artifacts }: LayerOptions, { bytes, artifact }: Stored): Promise<Artifact> {
  return (artifact && (await artifacts.adopt(artifact))) ?? artifacts.write(bytes);
}

async function adopt(options: LayerOptions, artifact: Artifact): Promise<Artifact | undefined> {
  if (!admits(options, artifact.bytes)) return undefined;
  const adopted = await options.artifacts.adopt(artifact);
  return adopted && admitted(options, adopted);
}

async function admitted(options: LayerOptions, artifact: Artifact): Promise<Artifact> {
  written(options, () => keepArtifact(options.database, artifact, when(options)));
  await options.bounds?.grew(artifact.bytes);
  return artifact;
}

function admits({ bounds }: LayerOptions, bytes: number): boolean {
  return bounds === undefined || bytes <= bounds.maxFileBytes;
}

/** A database that breaks while it is in use is checked and set aside at the next opening. */
function written(options: LayerOptions, action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof DamagedFile)) throw error;
    const { owner, file: place } = options.database;
    throw storeError(owner, 'failed', place, `${error.message}; start again to have it set aside`, error);
  }
}

function drop(options: LayerOptions, row: RowKey, why?: string): undefined {
  if (why) note(options, why);
  try {
    dropRow(options.database, row.hash);
  } catch (error) {
    if (!(error instanceof DamagedFile)) throw error;
  }
}

function note({ database, notes }: LayerOptions, what: string): void {
  notes.push(`${database.file}: ${what}; it is deleted and measured again`);
}

function when({ now }: LayerOptions): string {
  return new Date(now()).toISOString();
}

/** Writes down what was used, in one transaction. Only the order of pruning hangs on it: a failure is no failure. */
export function writeUses(database: Database, { rows, artifacts }: Used, at: string): void {
  if (rows.size + artifacts.size === 0) return;
  try {
    database.transaction(() => {
      for (const hash of rows) touch(database, 'results', hash, at);
      for (const hash of artifacts) touch(database, 'artifacts', hash, at);
    });
  } catch {}
  rows.clear();
  artifacts.clear();
}
