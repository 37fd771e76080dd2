import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { BitloomError } from '../kernel/errors.js';
import { isRecord, jsonFile } from './json-file.js';
import { wordPiece } from './wordpiece.js';

export interface Tokens {
  readonly ids: readonly number[];
  /** 0 for the first text and 1 for the second of a pair. */
  readonly typeIds: readonly number[];
}

/** Text to token ids, special tokens included. */
export interface TextTokenizer {
  /** The longest sequence that the tokenizer's own files allow. */
  readonly maxLength?: number;
  readonly padId?: number;
  encode(text: string, pair: string | undefined, maxLength: number): Tokens;
}

/** `file` is a `tokenizer.json`, or a WordPiece vocabulary with one token a line (`vocab.txt`). */
export async function loadTokenizer(file: string, configFile?: string): Promise<TextTokenizer> {
  const text = await readText(file);
  const config = configFile ? jsonFile(configFile, await readText(configFile)) : {};
  const settings = isRecord(config) ? config : {};
  const definition = basename(file).endsWith('.txt') ? wordPiece(file, text, settings) : jsonFile(file, text);
  if (!isRecord(definition) || !isRecord(definition.model)) throw bad(file, 'is not a tokenizer.json: it has no model');
  const tokenizer = construct(file, definition, settings);
  const maxLength = limitOf(definition, settings);
  const padId = padIdOf(tokenizer, settings);
  return {
    ...(maxLength !== undefined && { maxLength }),
    ...(padId !== undefined && { padId }),
    encode: (first, second, limit) => encode(tokenizer, first, second, limit),
  };
}

function construct(file: string, definition: object, settings: object): Tokenizer {
  try {
    return new Tokenizer(definition, settings);
  } catch (cause) {
    throw bad(file, `cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

/** Values above this stand for "no limit" in tokenizer_config.json (transformers writes 1e30). */
const NO_LIMIT = 1_000_000;

function limitOf(
  definition: Readonly<Record<string, unknown>>,
  settings: Readonly<Record<string, unknown>>,
): number | undefined {
  const truncation = isRecord(definition.truncation) ? definition.truncation.max_length : undefined;
  const limits = [truncation, settings.model_max_length].filter((n) => typeof n === 'number' && n > 0 && n < NO_LIMIT);
  return limits.length > 0 ? Math.min(...limits.map(Number)) : undefined;
}

/** The padding token as the configuration names it, or by one of its customary names. */
function padIdOf(tokenizer: Tokenizer, settings: Readonly<Record<string, unknown>>): number | undefined {
  const stated = isRecord(settings.pad_token) ? settings.pad_token.content : settings.pad_token;
  const names = typeof stated === 'string' ? [stated] : PAD_TOKENS;
  return names.map((name) => tokenizer.token_to_id(name)).find((id) => id !== undefined);
}

export const PAD_TOKENS: readonly string[] = ['[PAD]', '<pad>', '<PAD>', '<|padding|>'];

/**
 * Too long a text is cut before its closing special tokens, and of a pair the longer text first (transformers'
 * `longest_first`).
 */
function encode(tokenizer: Tokenizer, text: string, pair: string | undefined, maxLength: number): Tokens {
  const whole = plain(tokenizer, text, pair);
  const surplus = whole.ids.length - maxLength;
  if (surplus <= 0) return whole;
  const parts = [text, ...(pair === undefined ? [] : [pair])].map((part) => bare(tokenizer, part));
  const cuts = cutsOf(
    parts.map((part) => part.length),
    surplus,
  );
  const dropped = new Set<number>();
  let from = 0;
  for (const [i, part] of parts.entries()) {
    const start = findRun(whole.ids, part, from);
    const end = start + part.length;
    for (let at = end - cuts[i]; at < end; at++) dropped.add(at);
    from = end;
  }
  const kept = (values: readonly number[]) => values.filter((_, i) => !dropped.has(i));
  return { ids: kept(whole.ids), typeIds: kept(whole.typeIds) };
}

function plain(tokenizer: Tokenizer, text: string, pair: string | undefined): Tokens {
  const encoding = tokenizer.encode(text, { text_pair: pair ?? null, return_token_type_ids: true });
  return { ids: encoding.ids, typeIds: encoding.token_type_ids ?? encoding.ids.map(() => 0) };
}

function bare(tokenizer: Tokenizer, text: string): readonly number[] {
  return tokenizer.encode(text, { add_special_tokens: false }).ids;
}

/** How many tokens each part gives up: one at a time from the part that is longest then. */
function cutsOf(lengths: readonly number[], surplus: number): readonly number[] {
  const left = [...lengths];
  for (let i = 0; i < surplus; i++) {
    const longest = left.indexOf(Math.max(...left));
    left[longest] = Math.max(0, left[longest] - 1);
  }
  return lengths.map((length, i) => length - left[i]);
}

function findRun(ids: readonly number[], part: readonly number[], from: number): number {
  for (let start = from; start + part.length <= ids.length; start++) {
    if (part.every((id, i) => ids[start + i] === id)) return start;
  }
  return from;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new BitloomError(
      { kind: 'data', code: 'tokenizer-missing', message: 'cannot be read', place: { file } },
      { cause },
    );
  }
}

function bad(file: string, message: string): BitloomError {
  return new BitloomError({ kind: 'data', code: 'bad-tokenizer', message, place: { file } });
}

/** A tokenizer that lies beside the data. */
export function findTokenizer(data: string): string | undefined {
  return ['tokenizer.json', 'vocab.txt'].map((name) => join(dirname(data), name)).find(existsSync);
}

/** The padding token's id from a `vocab.json` (token to id) beside data that is tokenised already. */
export async function padIdBeside(data: string): Promise<number | undefined> {
  const file = join(dirname(data), 'vocab.json');
  if (!existsSync(file)) return undefined;
  const vocab = jsonFile(file, await readText(file));
  const ids = isRecord(vocab) ? PAD_TOKENS.map((token) => vocab[token]) : [];
  return ids.find((id) => typeof id === 'number');
}
