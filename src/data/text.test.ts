import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Value } from '../graph/model.js';
import { toNumbers } from '../kernel/tensor.js';
import { openDataset } from './open.js';
import { loadTokenizer } from './tokenizer.js';
import { wordPiece } from './wordpiece.js';

const folder = mkdtempSync(join(tmpdir(), 'bitloom-text-'));
afterAll(() => rmSync(folder, { recursive: true }));

const VOCAB = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'good', 'bad', 'film', '##s', ',', 'a', '"', 'é'];
const write = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const vocab = write('vocab.txt', `${VOCAB.join('\n')}\n`);

const value = (name: string, shape: readonly (number | string)[]): Value => ({
  name,
  type: { kind: 'tensor', dtype: 'int64', shape },
});
const inputs = ['input_ids', 'attention_mask', 'token_type_ids'].map((name) => value(name, ['N', 'T']));
const outputs: readonly Value[] = [{ name: 'logits', type: { kind: 'tensor', dtype: 'float32', shape: ['N', 2] } }];

const open = (file: string, options = {}) => openDataset(file, { inputs, outputs, ...options });

async function rows(file: string, options = {}) {
  const dataset = await open(file, options);
  const samples = await Promise.all(Array.from({ length: dataset.length }, (_, i) => dataset.read(i)));
  return samples.map(({ inputs: { input_ids }, label }) => [Array.from(toNumbers(input_ids)), label]);
}

describe('text files', () => {
  const expected = [
    [[2, 4, 6, 7, 3], 1],
    [[2, 5, 8, 9, 6, 3], 0],
  ];

  it('are read as JSONL, JSON, CSV and TSV, with and without a header', async () => {
    const files = {
      'a.jsonl': '{"text": "good films", "label": 1}\n\n{"text": "Bad, a film", "label": "0"}\n',
      'a.json': '[{"sentence": "good films", "label": 1}, {"sentence": "bad, a film", "label": 0}]',
      'b.json': '{"version": 1, "data": [{"text": "good films", "label": 1}, {"text": "bad, a film", "label": 0}]}',
      'a.csv': 'label,text\n1,good films\n0,"bad, a film"\n',
      'b.csv': 'good films,1\r\n"bad, a film",0\r\n',
      'c.csv': '\ufefflabel,text\n1,good films\n0,"bad, a film"',
      'd.csv': '1,good films\n0,"bad, a film"\n',
      'a.tsv': 'sentence\tlabel\ngood films\t1\nbad, a film\t0\n',
    };
    for (const [name, text] of Object.entries(files))
      expect([name, await rows(write(name, text))]).toEqual([name, expected]);
  });

  it('keep lone quotation marks of TSV, and records that span lines of CSV', async () => {
    expect(await rows(write('quote.tsv', 'sentence\tlabel\n" good\t1\nbad\t0\n'))).toEqual([
      [[2, 10, 4, 3], 1],
      [[2, 5, 3], 0],
    ]);
    const dataset = await open(write('lines.csv', 'text,label\n"good\nfilm",1\nbad,0\n'));
    expect(Array.from(toNumbers((await dataset.read(0)).inputs.input_ids))).toEqual([2, 4, 6, 3]);
    expect(Array.from(toNumbers((await dataset.read(1)).inputs.input_ids))).toEqual([2, 5, 3]);
  });

  it('keep their places when lines hold more bytes than letters', async () => {
    const file = write('utf8.jsonl', '\ufeff{"text": "é é", "label": 1}\r\n{"text": "good é", "label": 0}');
    const dataset = await open(file);
    expect((await dataset.read(1)).id).toBe(`${file}:2`);
    expect((await dataset.read(1)).inputs.input_ids.dims).toEqual([1, 4]);
  });

  it('may be unlabelled, but not by halves', async () => {
    expect((await open(write('plain.txt', 'good film\n\nbad\n'))).labelled).toBe(false);
    await expect(open(write('half.jsonl', '{"text": "a", "label": 1}\n{"text": "a"}\n'))).rejects.toThrow(
      /half\.jsonl:2: has no label, though others have/,
    );
    const unlabelled = open(write('none.jsonl', '{"text": "good"}'), { requireLabels: true });
    await expect(unlabelled).rejects.toThrow('has no labels, and the metric needs them');
  });

  it('report bad records and labels together, by line', async () => {
    const text =
      '{"text": "a", "label": 2}\n{"txt": "a", "label": 1}\n{"text": "a", "label": 0.5}\n{"text": "a", "label": 1}\n';
    const error = await open(write('bad.jsonl', text)).catch(String);
    expect(error).toMatch(/bad\.jsonl:1: label 2 is out of range: the model has 2 classes/);
    expect(error).toMatch(/bad\.jsonl:2: has neither a text nor token ids; its fields are txt, label/);
    expect(error).toMatch(/bad\.jsonl:3: label "0\.5" is not a class index/);
    await expect(open(write('cut.jsonl', '{"text": "a", "label": 1}\n{"text": '))).rejects.toThrow(
      /cut\.jsonl:2: is not JSON/,
    );
    await expect(open(write('empty.jsonl', '\n'))).rejects.toThrow('there are no samples');
  });

  it('take the names of classes for labels where the model has them', async () => {
    const model = { model: 'm.onnx', config: { classNames: ['NEG', 'POS'] } };
    expect((await rows(write('named.jsonl', '{"text": "good", "label": "POS"}'), { model }))[0][1]).toBe(1);
    await expect(open(write('misnamed.jsonl', '{"text": "good", "label": "POZ"}'), { model })).rejects.toThrow(
      'NEG, POS',
    );
  });

  it('take real labels for a model of one output', async () => {
    const one: readonly Value[] = [{ name: 'score', type: { kind: 'tensor', dtype: 'float32', shape: ['N', 1] } }];
    expect((await rows(write('real.jsonl', '{"text": "good", "label": 2.5}'), { outputs: one }))[0][1]).toBe(2.5);
  });

  it('hold two texts, the second marked by its type', async () => {
    const dataset = await open(write('pair.jsonl', '{"sentence1": "good", "sentence2": "bad film", "label": 1}'));
    const { input_ids, token_type_ids } = (await dataset.read(0)).inputs;
    expect(Array.from(toNumbers(input_ids))).toEqual([2, 4, 3, 5, 6, 3]);
    expect(Array.from(toNumbers(token_type_ids))).toEqual([0, 0, 0, 1, 1, 1]);
  });
});

describe('token ids', () => {
  it('are taken as they are, with their masks', async () => {
    const text = '{"input_ids": [2, 4, 3], "attention_mask": [1, 1, 0], "label": 1}\n{"ids": [2, 3], "labels": 0}\n';
    const dataset = await open(write('ids.jsonl', text));
    expect(Array.from(toNumbers((await dataset.read(0)).inputs.attention_mask))).toEqual([1, 1, 0]);
    expect((await dataset.read(1)).inputs.input_ids.dims).toEqual([1, 2]);
  });

  it('may be labelled by position', async () => {
    const text = '{"input_ids": [2, 4, 3], "labels": [-100, 1, -100]}\n{"input_ids": [2, 4, 3], "labels": [1]}\n';
    const dataset = await open(write('tags.jsonl', text), { outputs: [] });
    expect((await dataset.read(0)).label).toEqual([-100, 1, -100]);
    await expect(dataset.read(1)).rejects.toThrow('1 labels for 3 tokens');
  });

  it('are their own labels for a language model', async () => {
    const decoder = [value('input_ids', ['N', 5])];
    const logits: readonly Value[] = [{ name: 'l', type: { kind: 'tensor', dtype: 'float32', shape: ['N', 5, 12] } }];
    const file = write('lm.json', '[[2,4,3],[2,4,6,7,3]]');
    const dataset = await openDataset(file, { inputs: decoder, outputs: logits });
    expect(dataset.labelled).toBe(true);
    expect(await dataset.read(0)).toMatchObject({ label: [4, 3, -100, -100, -100] });
    expect(Array.from(toNumbers((await dataset.read(0)).inputs.input_ids))).toEqual([2, 4, 3, 0, 0]);
    const small: readonly Value[] = [{ name: 'l', type: { kind: 'tensor', dtype: 'float32', shape: ['N', 5, 3] } }];
    expect((await openDataset(file, { inputs: decoder, outputs: small })).labelled).toBe(false);
  });

  it('must be integers', async () => {
    await expect(open(write('half-ids.json', '[{"ids": [1, 2.5]}, {"ids": []}]'))).rejects.toThrow(
      /sample 0: token ids[\s\S]*sample 1: has no tokens/,
    );
  });
});

describe('tokenizers', () => {
  it('cut long texts before their closing tokens, and the longer of two first', async () => {
    const tokenizer = await loadTokenizer(vocab);
    expect(tokenizer.encode('good film a a a', undefined, 5).ids).toEqual([2, 4, 6, 9, 3]);
    const pair = tokenizer.encode('good', 'bad film film film', 6);
    expect(pair.ids).toEqual([2, 4, 3, 5, 6, 3]);
    expect(pair.typeIds).toEqual([0, 0, 0, 1, 1, 1]);
    expect(tokenizer.padId).toBe(0);
  });

  it('obey the shortest limit that they or the model state', async () => {
    const definition = { ...wordPiece('v', VOCAB.join('\n'), {}), truncation: { max_length: 4 } };
    const tokenizer = write('tokenizer.json', JSON.stringify(definition));
    expect((await rows(write('long.txt', 'good film a a a'), { tokenizer }))[0][0]).toEqual([2, 4, 6, 3]);
    expect((await rows(write('long.txt', 'good film a a a'), { tokenizer, maxLength: 3 }))[0][0]).toEqual([2, 4, 3]);
    rmSync(tokenizer);
  });

  it('keep capital letters where the vocabulary has some', async () => {
    const cased = await loadTokenizer(write('cased.txt', [...VOCAB, 'Good'].join('\n')));
    expect(cased.encode('Good good', undefined, 9).ids).toEqual([2, 12, 4, 3]);
  });

  it('are refused when they are none', async () => {
    await expect(loadTokenizer(write('no.txt', 'a\nb'))).rejects.toThrow('[UNK], [CLS], [SEP] is missing');
    await expect(loadTokenizer(write('no.json', '{}'))).rejects.toThrow('it has no model');
    await expect(loadTokenizer(join(folder, 'gone.json'))).rejects.toThrow('cannot be read');
  });

  it('are asked for when text has none', async () => {
    const bare = mkdtempSync(join(tmpdir(), 'bitloom-bare-'));
    writeFileSync(join(bare, 'a.txt'), 'good');
    await expect(open(join(bare, 'a.txt'))).rejects.toThrow('no tokenizer was found');
    rmSync(bare, { recursive: true });
  });
});
