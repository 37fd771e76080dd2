import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface FileUse {
  readonly path: string;
  /** Names that share one content share this. */
  readonly identity: string;
  readonly names: number;
  readonly bytes: number;
  readonly changedMs: number;
}

/** Every file below `folder`. Files that vanish meanwhile are left out. */
export function filesBelow(folder: string): readonly FileUse[] {
  return entriesBelow(folder).flatMap((name) => {
    const path = join(folder, name);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (!stats?.isFile()) return [];
    const identity = `${stats.dev}:${stats.ino}`;
    return [{ path, identity, names: stats.nlink, bytes: stats.size, changedMs: stats.mtimeMs }];
  });
}

/** Bytes that files take, each content once however many names it has. */
export function bytesOf(files: readonly FileUse[]): number {
  const distinct = new Map(files.map(({ identity, bytes }) => [identity, bytes]));
  return [...distinct.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/** Bytes on disk of all that lies below `folder`. */
export function diskBytes(folder: string): number {
  return bytesOf(filesBelow(folder));
}

function entriesBelow(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
