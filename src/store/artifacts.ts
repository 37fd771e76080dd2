import { createHash, randomUUID } from 'node:crypto';
import { chmod, copyFile, link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hashFile } from '../kernel/hash-file.js';
import { type Owner, systemError } from './store-errors.js';

export interface Artifact {
  /** SHA-256 of the content, in hexadecimal. */
  readonly hash: string;
  readonly path: string;
  readonly bytes: number;
}

/** Files named by their content: `<folder>/ab/cdef...`. A file is there whole or not at all. */
export interface Artifacts {
  readonly folder: string;
  write(bytes: Uint8Array): Promise<Artifact>;
  /** Takes over the file `path`, which is gone afterwards. */
  take(path: string): Promise<Artifact>;
  /** Takes a second name for a file of another store, or a copy if that lies on another disk; nothing if it vanished. */
  adopt(artifact: Artifact): Promise<Artifact | undefined>;
  /** The file with this content, checked once since the store was opened. A damaged one is deleted. */
  find(hash: string): Promise<Artifact | 'absent' | 'damaged'>;
}

export function openArtifacts(folder: string, owner: Owner): Artifacts {
  /** What each file was when its content was last seen to be right: a file that changed since is read again. */
  const checked = new Map<string, string>();
  const told = <T>(path: string, action: () => Promise<T>): Promise<T> =>
    action().catch((cause: unknown) => {
      throw systemError(owner, path, cause);
    });
  const seen = async (hash: string): Promise<Artifact> => {
    const path = artifactPath(folder, hash);
    const stats = await stat(path);
    checked.set(hash, stampOf(stats));
    return { hash, path, bytes: stats.size };
  };
  return {
    folder,
    write: (bytes) =>
      told(folder, async () => {
        const hash = createHash('sha256').update(bytes).digest('hex');
        await place(folder, hash, (temporary) => writeSynced(temporary, bytes));
        return seen(hash);
      }),
    take: (path) =>
      told(path, async () => {
        const hash = await hashFile(path);
        await place(folder, hash, (temporary) => move(path, temporary));
        await rm(path, { force: true });
        return seen(hash);
      }),
    adopt: ({ hash, path }) =>
      told(path, async () => {
        if ((await stat(path).catch(absent)) === undefined) return undefined;
        await place(folder, hash, (temporary) => linkOrCopy(path, temporary));
        return seen(hash);
      }),
    find: async (hash) => {
      const path = artifactPath(folder, hash);
      const stats = await stat(path).catch(absent);
      if (stats === undefined) return 'absent';
      if (checked.get(hash) === stampOf(stats)) return { hash, path, bytes: stats.size };
      const found = await hashFile(path).catch(absent);
      if (found === undefined) return 'absent';
      if (found === hash) return seen(hash).catch(() => 'absent' as const);
      await rm(path, { force: true });
      return 'damaged';
    },
  };
}

export function artifactPath(folder: string, hash: string): string {
  return join(folder, hash.slice(0, 2), hash.slice(2));
}

/** Temporary files lie here and begin with the id of the process that writes them. */
export function temporaryFolder(folder: string): string {
  return join(folder, 'partial');
}

/** Has `make` write a temporary file, then gives it its name. What a full disk left unfinished is taken away. */
async function place(folder: string, hash: string, make: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = join(temporaryFolder(folder), `${process.pid}-${randomUUID()}`);
  const path = artifactPath(folder, hash);
  await mkdir(dirname(temporary), { recursive: true });
  await mkdir(dirname(path), { recursive: true });
  try {
    await make(temporary);
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Read-only, since a hard link may share the content with another run. */
const READ_ONLY = 0o444;

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'wx', READ_ONLY);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function move(from: string, to: string): Promise<void> {
  try {
    await sync(from);
    await rename(from, to);
  } catch (error) {
    if (!isSystemError(error, 'EXDEV')) throw error;
    await copySynced(from, to);
  }
  await chmod(to, READ_ONLY);
}

/** Links fail across file systems, and on those that have none. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copySynced(from, to));
}

async function copySynced(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  await sync(to);
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function stampOf(stats: { readonly ino: number; readonly size: number; readonly mtimeMs: number }): string {
  return `${stats.ino} ${stats.size} ${stats.mtimeMs}`;
}

function absent(error: unknown): undefined {
  if (!isSystemError(error, 'ENOENT')) throw error;
}

function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
