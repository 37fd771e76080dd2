import { createHash } from 'node:crypto';
import { BitloomError } from '../kernel/errors.js';
import type { Json, Key } from './result-kind.js';

/** What a row is found by, and what it shows to people who look into the database. */
export interface RowKey {
  /** SHA-256 of the canonical JSON of kind and key, in hexadecimal. */
  readonly hash: string;
  readonly kind: string;
  /** The key as canonical JSON. */
  readonly json: string;
}

export function rowKey(kind: string, key: Key): RowKey {
  const json = canonicalJson(key);
  const hash = createHash('sha256')
    .update(`${JSON.stringify(kind)}\n${json}`)
    .digest('hex');
  return { hash, kind, json };
}

/**
 * JSON with the names of every object in order, so that equal values give equal text. A property that is undefined
 * counts as absent; any other value that JSON cannot tell apart from a second one is refused.
 */
export function canonicalJson(value: Json): string {
  if (isList(value)) return `[${value.map(canonicalJson).join()}]`;
  if (value !== null && typeof value === 'object') return canonicalObject(value);
  if (typeof value === 'number' && !Number.isFinite(value)) throw notJson(value);
  if (value !== null && !['boolean', 'number', 'string'].includes(typeof value)) throw notJson(value);
  return JSON.stringify(value);
}

function canonicalObject(value: { readonly [name: string]: Json }): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw notJson(value);
  const names = Object.keys(value).filter((name) => value[name] !== undefined);
  return `{${names
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonicalJson(value[name])}`)
    .join()}}`;
}

/** `Array.isArray` does not narrow readonly arrays. */
function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function notJson(value: unknown): BitloomError {
  const message = `the key of a result holds what JSON cannot say: ${String(value)}`;
  return new BitloomError({ kind: 'internal', code: 'key-not-json', message });
}
