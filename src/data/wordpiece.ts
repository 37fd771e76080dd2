import { BitloomError } from '../kernel/errors.js';

/**
 * The `tokenizer.json` of BERT's WordPiece over a `vocab.txt`: one token a line, its id the line's number from 0. The
 * vocabulary tells whether text is lower-cased, unless tokenizer_config.json does: a cased one holds capital letters.
 */
export function wordPiece(
  file: string,
  text: string,
  settings: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const tokens = text.replace(/\r/g, '').replace(/\n+$/, '').split('\n');
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  const missing = ['[UNK]', '[CLS]', '[SEP]'].filter((token) => !Object.hasOwn(vocab, token));
  if (missing.length > 0) throw notWordPiece(file, missing);
  const lowercase = settings.do_lower_case ?? !tokens.some((token) => /^(##)?[A-Z]/.test(token));
  const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'].filter((token) => Object.hasOwn(vocab, token));
  return {
    version: '1.0',
    added_tokens: special.map((content) => addedToken(content, vocab[content])),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [piece('[CLS]', 0), sequence('A', 0), piece('[SEP]', 0)],
      pair: [piece('[CLS]', 0), sequence('A', 0), piece('[SEP]', 0), sequence('B', 1), piece('[SEP]', 1)],
      special_tokens: Object.fromEntries(['[CLS]', '[SEP]'].map((id) => [id, { id, ids: [vocab[id]], tokens: [id] }])),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab,
    },
  };
}

function addedToken(content: string, id: number) {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

function piece(id: string, typeId: number) {
  return { SpecialToken: { id, type_id: typeId } };
}

function sequence(id: string, typeId: number) {
  return { Sequence: { id, type_id: typeId } };
}

function notWordPiece(file: string, missing: readonly string[]): BitloomError {
  return new BitloomError({
    kind: 'data',
    code: 'bad-tokenizer',
    message: `is not a WordPiece vocabulary: ${missing.join(', ')} is missing`,
    place: { file },
  });
}
