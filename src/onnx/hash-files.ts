import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFailure } from '../kernel/read-errors.js';

/** SHA-256, in hexadecimal, of the files' contents one after the other, read as streams. */
export async function hashFiles(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) {
    try {
      for await (const chunk of createReadStream(path)) hash.update(chunk);
    } catch (cause) {
      throw readFailure(path, cause);
    }
  }
  return hash.digest('hex');
}
