/** Tests keep what they measure in a folder that goes with them, never in the user's cache. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'bitloom-cache-'));
process.env.BITLOOM_CACHE = folder;
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
