import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Gives this run and its workers one folder for all that they keep aside. It goes when the process ends, however it ends:
 * on Ctrl-C nothing else has the time to clean up.
 */
export function useScratchFolder(): void {
  const folder = mkdtempSync(join(tmpdir(), 'bitloom-run-'));
  for (const name of ['TMPDIR', 'TMP', 'TEMP']) process.env[name] = folder;
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
}
