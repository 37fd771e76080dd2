import { didYouMean } from './kernel/did-you-mean.js';
import { BitloomError } from './kernel/errors.js';
import { FORMAT_NAMES, type Format, isFormat } from './quantize/formats.js';

/** A format that the user fixed for the units a pattern names. */
export interface Forced {
  /** A glob or `/regular expression/` over unit names, or an operator type. */
  readonly pattern: string;
  readonly format: Format;
}

/** Reads `NAME=FORMAT`; names may hold `=`, so the last one separates. */
export function parseForced(text: string): Forced {
  const at = text.lastIndexOf('=');
  const [pattern, format] = [text.slice(0, Math.max(0, at)), text.slice(at + 1)];
  if (pattern && isFormat(format)) return { pattern, format };
  throw new BitloomError({
    kind: 'option',
    code: pattern ? 'unknown-format' : 'bad-force',
    message: pattern ? `${JSON.stringify(format)} is no format` : `${JSON.stringify(text)} is not name=format`,
    place: { option: 'force' },
    hint: pattern ? didYouMean(format, FORMAT_NAMES) : "write --force 'Conv_0=float' or --force '/head/=float'",
  });
}

const POWERS: Readonly<Record<string, number>> = { k: 1, m: 2, g: 3, t: 4 };

/** Reads `4GiB`, `512MB`, `2g` or a number of bytes: `i` or a bare letter counts in 1024s, `kB`, `MB`, `GB` in 1000s. */
export function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([kmgt])(i?b)?|b)?$/i.exec(text.trim());
  if (match) {
    const [, value, unit = '', suffix = ''] = match;
    const base = suffix.toLowerCase() === 'b' ? 1000 : 1024;
    return Math.floor(Number(value) * (unit ? base ** POWERS[unit.toLowerCase()] : 1));
  }
  throw new BitloomError({
    kind: 'option',
    code: 'bad-size',
    message: `${JSON.stringify(text)} is no size`,
    hint: 'write 4GiB, 512MB or a number of bytes',
  });
}

const DAYS: Readonly<Record<string, number>> = { h: 1 / 24, d: 1, w: 7 };

/** Reads `30d`, `12h` or `2w` as days. */
export function parseDays(text: string): number {
  const [, value, unit] = /^(\d+(?:\.\d+)?)\s*([hdw])$/i.exec(text.trim()) ?? [];
  if (value !== undefined) return Number(value) * DAYS[unit.toLowerCase()];
  throw new BitloomError({
    kind: 'option',
    code: 'bad-time',
    message: `${JSON.stringify(text)} is no time`,
    hint: 'write 30d, 12h or 2w',
  });
}
