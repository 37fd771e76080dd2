import { deserialize, serialize } from 'node:v8';
import type { Artifact } from './artifacts.js';
import { rowKey } from './canonical.js';
import type { Layer, Stored } from './layer.js';
import type { Key, ResultKind } from './result-kind.js';

/** Measured results, found by what they are of. Values are plain data: what structured clone copies. */
export interface Results {
  /** The value, or undefined if it is not there or was damaged. */
  find<T>(kind: ResultKind<T>, key: Key): Promise<T | undefined>;
  /** Once this resolves, the value survives the end of the process, SIGKILL included. */
  keep<T>(kind: ResultKind<T>, key: Key, value: T): Promise<void>;
  /** Finds the value, else computes and keeps it. Equal keys asked for at the same time compute once. */
  once<T>(kind: ResultKind<T>, key: Key, compute: () => Promise<T>): Promise<T>;
  /** Takes the file `path` over, which is gone afterwards. Answers with its SHA-256. */
  keepFile(path: string): Promise<string>;
  /** The path of a file with this SHA-256, its content checked since the store was opened. */
  file(hash: string): Promise<string | undefined>;
  /** What layers above copy from and to. */
  readonly layer: Layer;
}

export function resultsOf(layer: Layer): Results {
  return results(
    layer,
    async (kind, key) => decode(kind, await layer.find(rowKey(kind.name, key))),
    async (hash) => (await layer.file(hash))?.path,
  );
}

/**
 * Looks in `first`, then in `others`; what is found there is copied into `first`, so that this is complete. Keeps in
 * all, `first` first. Files are hard links of each other where one file system holds both.
 */
export function layered(first: Results, ...others: readonly Results[]): Results {
  const find: Results['find'] = async (kind, key) => {
    const mine = await first.find(kind, key);
    return mine === undefined ? findBelow(kind, key, first, others) : mine;
  };
  const file: Results['file'] = async (hash) => (await first.file(hash)) ?? fileBelow(hash, first, others);
  return results(both(first.layer, others), find, file);
}

function results(layer: Layer, find: Results['find'], file: Results['file']): Results {
  const keep: Results['keep'] = async (kind, key, value) => {
    await layer.keep(rowKey(kind.name, key), { bytes: serialize(value) }, true);
  };
  return {
    find,
    keep,
    once: oneAtATime(find, keep),
    keepFile: async (path) => (await layer.take(path)).hash,
    file,
    layer,
  };
}

/** Whoever asks for what is being computed waits, and finds it then. If that failed, the next one computes it. */
function oneAtATime(find: Results['find'], keep: Results['keep']): Results['once'] {
  const computing = new Map<string, Promise<unknown>>();
  return async (kind, key, compute) => {
    const { hash } = rowKey(kind.name, key);
    for (let other = computing.get(hash); other; other = computing.get(hash)) await other.catch(() => undefined);
    const work = findOr(find, keep, kind, key, compute).finally(() => computing.delete(hash));
    computing.set(hash, work);
    return work;
  };
}

async function findOr<T>(
  find: Results['find'],
  keep: Results['keep'],
  kind: ResultKind<T>,
  key: Key,
  compute: () => Promise<T>,
): Promise<T> {
  const found = await find(kind, key);
  if (found !== undefined) return found;
  const value = await compute();
  await keep(kind, key, value);
  return value;
}

async function findBelow<T>(
  kind: ResultKind<T>,
  key: Key,
  first: Results,
  others: readonly Results[],
): Promise<T | undefined> {
  for (const other of others) {
    const value = await other.find(kind, key);
    if (value === undefined) continue;
    const row = rowKey(kind.name, key);
    const stored = await other.layer.find(row);
    if (stored) await first.layer.keep(row, stored, false);
    return value;
  }
  return undefined;
}

async function fileBelow(hash: string, first: Results, others: readonly Results[]): Promise<string | undefined> {
  for (const other of others) {
    const found = (await other.file(hash)) === undefined ? undefined : await other.layer.file(hash);
    const adopted = found && (await first.layer.adopt(found));
    if (adopted) return adopted.path;
  }
  return undefined;
}

function both(first: Layer, others: readonly Results[]): Layer {
  const adoptBelow = async (artifact: Artifact): Promise<Artifact> => {
    for (const { layer } of others) await layer.adopt(artifact);
    return artifact;
  };
  return {
    find: first.find,
    file: first.file,
    keep: async (row, stored, computed) => {
      const kept = await first.keep(row, stored, computed);
      for (const { layer } of others) await layer.keep(row, kept, computed);
      return kept;
    },
    take: async (path) => adoptBelow(await first.take(path)),
    adopt: async (artifact) => {
      const adopted = await first.adopt(artifact);
      return adopted && adoptBelow(adopted);
    },
  };
}

/** Undefined for bytes that a later Node.js wrote and this one cannot read: computed anew, they are written over. */
function decode<T>(_: ResultKind<T>, stored: Stored | undefined): T | undefined {
  try {
    return stored && deserialize(stored.bytes);
  } catch {
    return undefined;
  }
}
