import { crc32 } from 'node:zlib';
import type { Artifact } from './artifacts.js';
import type { RowKey } from './canonical.js';
import { DamagedFile, type Database } from './database.js';

export interface Entry {
  readonly row: RowKey;
  readonly bytes: Uint8Array;
  /** The file that holds the bytes; else they are inline. */
  readonly artifact?: Artifact;
  readonly computed: boolean;
  /** ISO 8601, for people. */
  readonly at: string;
}

export type FoundRow = Uint8Array | { readonly artifact: string } | 'absent' | 'damaged';

/** One more than any use so far. It never goes back, as a clock may. */
const NEXT_USE = `(SELECT 1 + max(
  coalesce((SELECT max(used) FROM results), 0), coalesce((SELECT max(used) FROM artifacts), 0)))`;

const KEEP_ROW = `
  INSERT INTO results(hash, kind, key, value, crc, artifact, bytes, computed, created, seen, used)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ${NEXT_USE})
  ON CONFLICT(hash) DO UPDATE SET value = ?4, crc = ?5, artifact = ?6, bytes = ?7, computed = computed + ?8,
    seen = ?9, used = excluded.used`;

const KEEP_ARTIFACT = `
  INSERT INTO artifacts(hash, bytes, seen, used) VALUES (?1, ?2, ?3, ${NEXT_USE})
  ON CONFLICT(hash) DO UPDATE SET seen = ?3, used = excluded.used`;

/** Writes the row, and that of its file, as one. */
export function keepRow(database: Database, { row, bytes, artifact, computed, at }: Entry): void {
  const inline = artifact ? null : bytes;
  const crc = artifact ? null : crc32(bytes);
  const values = [
    row.hash,
    row.kind,
    row.json,
    inline,
    crc,
    artifact?.hash ?? null,
    bytes.length,
    Number(computed),
    at,
  ];
  database.transaction(() => {
    if (artifact) keepArtifact(database, artifact, at);
    database.run(KEEP_ROW, values);
  });
}

export function keepArtifact(database: Database, artifact: Artifact, at: string): void {
  database.run(KEEP_ARTIFACT, [artifact.hash, artifact.bytes, at]);
}

/** The value of a row: inline bytes that agree with their CRC-32, or the file that holds them. */
export function readRow(database: Database, hash: string): FoundRow {
  try {
    const [found] = database.all('SELECT value, crc, artifact FROM results WHERE hash = ?1', [hash]);
    if (!found) return 'absent';
    if (typeof found.artifact === 'string') return { artifact: found.artifact };
    return found.value instanceof Uint8Array && crc32(found.value) === found.crc ? found.value : 'damaged';
  } catch (error) {
    if (error instanceof DamagedFile) return 'damaged';
    throw error;
  }
}

export function dropRow(database: Database, hash: string): void {
  database.run('DELETE FROM results WHERE hash = ?1', [hash]);
}

export function touch(database: Database, table: 'results' | 'artifacts', hash: string, at: string): void {
  database.run(`UPDATE ${table} SET seen = ?2, used = ${NEXT_USE} WHERE hash = ?1`, [hash, at]);
}
