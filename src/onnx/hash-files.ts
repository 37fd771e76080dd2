import { createHash } from 'node:crypto';
import { updateFrom } from '../kernel/hash-file.js';
import { readFailure } from '../kernel/read-errors.js';

/** SHA-256, in hexadecimal, of the files' contents one after the other. */
export async function hashFiles(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) {
    try {
      await updateFrom(hash, path);
    } catch (cause) {
      throw readFailure(path, cause);
    }
  }
  return hash.digest('hex');
}
