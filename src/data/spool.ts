import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let folder: string | undefined;
let files = 0;

/** A new file name in a temporary folder of this process, which is removed when the process ends. */
export function spoolFile(suffix: string): string {
  folder ??= makeFolder();
  return join(folder, `${files++}${suffix}`);
}

function makeFolder(): string {
  const made = mkdtempSync(join(tmpdir(), 'bitloom-data-'));
  process.once('exit', () => rmSync(made, { recursive: true, force: true }));
  return made;
}
