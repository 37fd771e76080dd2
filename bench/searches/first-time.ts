import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeVersion } from '../../src/store/code-version.js';

/**
 * Whether nothing of this model was profiled yet into this cache by this version of the code; from now on it is taken to
 * have been, even if only in part.
 */
export function firstTime(cache: string, model: string): boolean {
  const folder = join(cache, 'profiled');
  mkdirSync(folder, { recursive: true });
  try {
    writeFileSync(join(folder, `${model}-${codeVersion()}`), '', { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}
