import { BitloomError, type Place } from '../kernel/errors.js';
import type { Sequence } from './sequence-plan.js';

type Fields = Readonly<Record<string, unknown>>;

/** Columns of two texts, in the order in which models were trained on them (GLUE's names). */
const PAIRS: readonly (readonly [string, string])[] = [
  ['sentence1', 'sentence2'],
  ['premise', 'hypothesis'],
  ['question1', 'question2'],
  ['question', 'sentence'],
  ['text', 'text_pair'],
];
const TEXTS = ['text', 'sentence', 'sentence1', 'question', 'review', 'content'];
const IDS = ['input_ids', 'ids', 'tokens'];
const LABELS = ['label', 'labels', 'target', 'class'];

/** What a record holds. */
export type TextContent =
  | { readonly kind: 'text'; readonly text: string; readonly pair?: string }
  | { readonly kind: 'tokens'; readonly sequence: Sequence };

export function contentOf(fields: Fields, place: Place): TextContent {
  const ids = IDS.map((name) => fields[name]).find(Array.isArray);
  if (ids) return { kind: 'tokens', sequence: sequenceOf(fields, ids, place) };
  const pair = PAIRS.find((names) => names.every((name) => typeof fields[name] === 'string'));
  if (pair) return { kind: 'text', text: String(fields[pair[0]]), pair: String(fields[pair[1]]) };
  const text = TEXTS.map((name) => fields[name]).find((value) => typeof value === 'string');
  if (typeof text === 'string') return { kind: 'text', text };
  throw new BitloomError({
    kind: 'data',
    code: 'text-missing',
    message: `has neither a text nor token ids; its fields are ${Object.keys(fields).join(', ')}`,
    place,
    hint: `A text stands in ${TEXTS.slice(0, 3).join(', ')}, two texts in ${PAIRS[0].join(' and ')}, ids in ${IDS[0]}.`,
  });
}

/** The label as it stands in the file; null and empty count as none. */
export function rawLabel(fields: Fields): unknown {
  return LABELS.map((name) => fields[name]).find((value) => value !== undefined && value !== null && value !== '');
}

function sequenceOf(fields: Fields, ids: readonly unknown[], place: Place): Sequence {
  const mask = fields.attention_mask;
  const typeIds = fields.token_type_ids;
  const length = ids.length;
  return {
    ids: integers(ids, 'token ids', length, place),
    ...(Array.isArray(mask) && { mask: integers(mask, 'attention_mask', length, place) }),
    ...(Array.isArray(typeIds) && { typeIds: integers(typeIds, 'token_type_ids', length, place) }),
  };
}

function integers(values: readonly unknown[], what: string, length: number, place: Place): readonly number[] {
  const numbers = values.filter((value) => typeof value === 'number').filter(Number.isInteger);
  if (numbers.length === values.length && length === values.length && length > 0) return numbers;
  const message = length === 0 ? 'has no tokens' : `${what}: ${length} integers are wanted`;
  throw new BitloomError({ kind: 'data', code: 'bad-tokens', message, place });
}
