import type { Extra } from './model.js';

/*
 * How from-onnx writes `Extra` and to-onnx reads it. All of it is plain data: `rest` is the encoded protobuf message
 * without the fields that the graph interprets; maps hold the extras of parts that have no place for one of their own.
 */

/** `parts` without the entries that are undefined or empty; `undefined` if none is left. */
export function extraOf(parts: Extra): Extra | undefined {
  const entries = Object.entries(parts).filter(([, part]) => !isEmpty(part));
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

export function extraBytes(extra: Extra | undefined, key = 'rest'): Uint8Array | undefined {
  const part = extra?.[key];
  return part instanceof Uint8Array ? part : undefined;
}

/** The extra of one part, by the part's name. */
export function extraPart(extra: Extra | undefined, key: string, name: string): Extra | undefined {
  const parts = extra?.[key];
  const part: unknown = parts instanceof Map ? parts.get(name) : undefined;
  return isExtra(part) ? part : undefined;
}

function isExtra(part: unknown): part is Extra {
  return typeof part === 'object' && part !== null;
}

function isEmpty(part: unknown): boolean {
  if (part instanceof Uint8Array) return part.length === 0;
  return part === undefined || (part instanceof Map && part.size === 0);
}
