import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

/** Files above this size are told apart by size and time of change: hashing them would cost more than it proves. */
const HASHED_BYTES = 64 * 2 ** 20;

export function hashOf(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
}

/** Equal for files of equal content; beyond 64 MiB for files of the same path, size and time of change. */
export async function fileFingerprint(file: string): Promise<string> {
  const { size, mtimeMs } = await stat(file);
  return size > HASHED_BYTES ? hashOf(file, String(size), String(mtimeMs)) : fileHash(file);
}

export async function fileHash(file: string): Promise<string> {
  const hash: Hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
}
