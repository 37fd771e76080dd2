import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Rooms that show results, but change none. */
const SHOWING = new Set(['cli', 'report']);

const MODULE = /(?<!\.test|\.d)\.(ts|js|json)$/;

const HOME = fileURLToPath(new URL('..', import.meta.url));

let known: string | undefined;

/** The version that this package has. */
export function packageVersion(): string {
  return versionOf(HOME);
}

/**
 * The version of bitloom and a short SHA-256 of its modules: whatever is measured by other code is another result.
 * Reads them once a process.
 */
export function codeVersion(): string {
  known ??= readCodeVersion(HOME);
  return known;
}

/** The version of the code in `folder`, the `src` or `dist` of a package. */
export function readCodeVersion(folder: string): string {
  const hash = createHash('sha256');
  for (const file of modulesOf(folder)) {
    hash.update(`${file.split(sep).join('/')}\0`).update(readFileSync(join(folder, file)));
  }
  return `${versionOf(folder)}+${hash.digest('hex').slice(0, 12)}`;
}

function modulesOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => MODULE.test(file) && !SHOWING.has(file.split(sep)[0]))
    .sort();
}

function versionOf(folder: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(folder, '..', 'package.json'), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : '0';
}
