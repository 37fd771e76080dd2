import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { didYouMean } from '../kernel/did-you-mean.js';
import { BitloomError } from '../kernel/errors.js';
import { readFailure } from '../kernel/read-errors.js';
import { checkTarget } from './check-target.js';
import { jsonText } from './json-text.js';
import type { Target } from './target.js';
import { targetOf } from './target-schema.js';

/** Targets that come with bitloom. */
export const targetNames: readonly string[] = ['ort-cpu', 'ort-wasm', 'ort-webgpu', 'a100', 'npu-int'];

/** By name or file, with the time at which the file was last changed. */
const loaded = new Map<string, { readonly target: Target; readonly changed: number }>();

/**
 * The target of this name, or the one that a JSON file describes (docs/targets.md). A file is read again when it has
 * changed. Throws with all that is wrong with it.
 */
export function loadTarget(nameOrFile: string): Target {
  const file = fileOf(nameOrFile);
  const changed = changedAt(file, nameOrFile);
  const known = loaded.get(nameOrFile);
  if (known?.changed === changed) return known.target;
  const place = { option: 'target', file };
  const code = 'bad-target';
  const target = targetOf(checkTarget(jsonText(readFileSync(file, 'utf8'), code, place), place), nameOrFile);
  loaded.set(nameOrFile, { target, changed });
  return target;
}

function fileOf(nameOrFile: string): string {
  if (targetNames.includes(nameOrFile)) return fileURLToPath(new URL(`targets/${nameOrFile}.json`, import.meta.url));
  if (/\.json$|[\\/]/.test(nameOrFile)) return nameOrFile;
  throw new BitloomError({
    kind: 'option',
    code: 'unknown-target',
    message: `there is no target ${nameOrFile}`,
    place: { option: 'target' },
    hint: `${didYouMean(nameOrFile, targetNames)} A target of your own is a .json file.`,
  });
}

function changedAt(file: string, given: string): number {
  try {
    return statSync(file).mtimeMs;
  } catch (cause) {
    const { code, message } = readFailure(file, cause).problems[0];
    throw new BitloomError({ kind: 'io', code, message, place: { option: 'target', file: given } }, { cause });
  }
}
