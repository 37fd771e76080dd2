import { BitloomError, type Place } from '../kernel/errors.js';

/** The value that a JSON text writes, or an error at `place`. */
export function jsonText(text: string, code: string, place: Place): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = `is no JSON: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new BitloomError({ kind: 'option', code, message, place }, { cause });
  }
}
