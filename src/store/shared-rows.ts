import { rmSync, statSync } from 'node:fs';
import { artifactPath } from './artifacts.js';
import type { CacheParts } from './cache-parts.js';

/** One thing that may go: an inline row, or a file with the rows that need it. */
interface Item {
  readonly table: 'results' | 'artifacts';
  readonly hash: string;
  readonly bytes: number;
}

const ITEMS = `
  SELECT 'results' AS place, hash, bytes + length(key) AS bytes, seen, used FROM results WHERE artifact IS NULL
  UNION ALL SELECT 'artifacts', hash, bytes, seen, used FROM artifacts`;

/** Drops at least `bytes` of what was used longest ago, and says how many rows and files went. */
export function dropLeastUsed(parts: CacheParts, bytes: number): number {
  const items: Item[] = [];
  let freed = 0;
  for (const item of itemsOf(parts, `${ITEMS} ORDER BY used`)) {
    if (freed >= bytes) break;
    items.push(item);
    freed += item.table === 'results' ? item.bytes : bytesFreed(parts, item);
  }
  return drop(parts, items);
}

/** Drops what was last used before `seen`, an ISO 8601 time. */
export function dropOlder(parts: CacheParts, seen: string): number {
  return drop(parts, itemsOf(parts, `SELECT * FROM (${ITEMS}) WHERE seen < ?1`, [seen]));
}

export function dropAll(parts: CacheParts): number {
  return drop(parts, itemsOf(parts, ITEMS));
}

/** Hashes of the files that the database knows. */
export function knownFiles({ database }: CacheParts): ReadonlySet<string> {
  return new Set(database.all('SELECT hash FROM artifacts').map(({ hash }) => String(hash)));
}

function itemsOf({ database }: CacheParts, query: string, values: readonly string[] = []): readonly Item[] {
  return database.all(query, values).map(({ place, hash, bytes }) => ({
    table: place === 'artifacts' ? 'artifacts' : 'results',
    hash: String(hash),
    bytes: Number(bytes),
  }));
}

/** Rows go before files: whoever reads meanwhile misses a row, or finds its file gone, which is a miss too. */
function drop({ database, artifacts }: CacheParts, items: readonly Item[]): number {
  database.transaction(() => {
    for (const { table, hash } of items) {
      database.run(`DELETE FROM ${table} WHERE hash = ?1`, [hash]);
      if (table === 'artifacts') database.run('DELETE FROM results WHERE artifact = ?1', [hash]);
    }
  });
  for (const { table, hash } of items) {
    if (table === 'artifacts') rmSync(artifactPath(artifacts.folder, hash), { force: true });
  }
  return items.length;
}

/** A file that a run holds under a second name takes no less room when this one goes. */
function bytesFreed({ artifacts }: CacheParts, { hash, bytes }: Item): number {
  const stats = statSync(artifactPath(artifacts.folder, hash), { throwIfNoEntry: false });
  return stats?.nlink === 1 ? bytes : 0;
}
