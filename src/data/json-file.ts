import { BitloomError } from '../kernel/errors.js';

/** The parsed text of a JSON file (or of one line of it), or an error naming it. */
export function jsonFile(file: string, text: string, line?: number): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = `is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`;
    const place = { file, ...(line !== undefined && { line }) };
    throw new BitloomError({ kind: 'data', code: 'bad-json', message, place }, { cause });
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
