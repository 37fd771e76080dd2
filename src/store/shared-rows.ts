import { artifactPath } from './artifacts.js';
import type { FileUse } from './disk-usage.js';
import type { Sweep } from './sweep.js';

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
export function dropLeastUsed(sweep: Sweep, bytes: number): number {
  const files = new Map(sweep.files().map((file) => [file.path, file]));
  const items: Item[] = [];
  let freed = 0;
  for (const item of itemsOf(sweep, `${ITEMS} ORDER BY used`)) {
    if (freed >= bytes) break;
    items.push(item);
    freed += item.table === 'results' ? item.bytes : bytesFreed(files.get(artifactPath(sweep.artifacts, item.hash)));
  }
  return drop(sweep, items);
}

/** Drops what was last used before `seen`, an ISO 8601 time. */
export function dropOlder(sweep: Sweep, seen: string): number {
  return drop(sweep, itemsOf(sweep, `SELECT * FROM (${ITEMS}) WHERE seen < ?1`, [seen]));
}

export function dropAll(sweep: Sweep): number {
  return drop(sweep, itemsOf(sweep, ITEMS));
}

/** Hashes of the files that the database knows. */
export function knownFiles({ database }: Sweep): ReadonlySet<string> {
  return new Set(database.all('SELECT hash FROM artifacts').map(({ hash }) => String(hash)));
}

function itemsOf({ database }: Sweep, query: string, values: readonly string[] = []): readonly Item[] {
  return database.all(query, values).map(({ place, hash, bytes }) => ({
    table: place === 'artifacts' ? 'artifacts' : 'results',
    hash: String(hash),
    bytes: Number(bytes),
  }));
}

/** Rows go before files: whoever reads meanwhile misses a row, or finds its file gone, which is a miss too. */
function drop({ database, artifacts, removeFiles }: Sweep, items: readonly Item[]): number {
  database.transaction(() => {
    for (const { table, hash } of items) {
      database.run(`DELETE FROM ${table} WHERE hash = ?1`, [hash]);
      if (table === 'artifacts') database.run('DELETE FROM results WHERE artifact = ?1', [hash]);
    }
  });
  const files = items.filter(({ table }) => table === 'artifacts');
  removeFiles(files.map(({ hash }) => artifactPath(artifacts, hash)));
  return items.length;
}

/** A file that a run holds under a second name takes no less room when this one goes. */
function bytesFreed(file: FileUse | undefined): number {
  return file?.names === 1 ? file.bytes : 0;
}
