import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** SHA-256 of a file's content, in hexadecimal. Fails as the file system does. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await updateFrom(hash, path);
  return hash.digest('hex');
}

/** Adds a file's content to a hash; it is read as a stream. */
export async function updateFrom(hash: Hash, path: string): Promise<void> {
  for await (const chunk of createReadStream(path)) hash.update(chunk);
}
