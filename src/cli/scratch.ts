import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Locked, takeLock } from '../store/lock.js';

const PREFIX = 'bitloom-run-';
const LOCK = 'lock';

/** Longer than another process takes to find out that a folder is in use, or to remove it. */
const WAIT_MS = 2000;

/**
 * Gives this run and its workers one folder for all that they keep aside. It goes when the process ends, however it ends:
 * on Ctrl-C nothing else has the time to clean up, and what a killed process left the next one takes away.
 */
export function useScratchFolder(): void {
  const parent = tmpdir();
  const others = readdirSync(parent).filter((name) => name.startsWith(PREFIX));
  for (const name of others) removeIfAbandoned(join(parent, name));
  const folder = mkdtempSync(join(parent, PREFIX));
  const lock = lockOf(folder, WAIT_MS);
  for (const name of ['TMPDIR', 'TMP', 'TEMP']) process.env[name] = folder;
  process.once('exit', () => {
    if (lock.held) lock.release();
    remove(folder);
  });
}

/** Whoever works in a scratch folder holds its lock until the process ends. Folders of other users stay. */
function removeIfAbandoned(folder: string): void {
  try {
    const lock = lockOf(folder, 0);
    if (!lock.held) return;
    remove(folder);
    lock.release();
  } catch {}
}

function lockOf(folder: string, waitMs: number): Locked {
  return takeLock(join(folder, LOCK), { owner: 'run', waitMs });
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
