import { mkdirSync } from 'node:fs';
import { type Owner, systemError } from './store-errors.js';

/** Makes the folder with those above it, if it is not there. */
export function makeFolder(folder: string, owner: Owner): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    throw systemError(owner, folder, cause);
  }
}
