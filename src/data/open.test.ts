import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { TensorProtoSchema } from 'onnx-buf';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import type { Value } from '../graph/model.js';
import { toNumbers } from '../kernel/tensor.js';
import { findModelFolder } from './model-folder.js';
import { openDataset } from './open.js';

const root = mkdtempSync(join(tmpdir(), 'bitloom-open-'));
afterAll(() => rmSync(root, { recursive: true }));

const images: readonly Value[] = [{ name: 'x', type: { kind: 'tensor', dtype: 'float32', shape: ['N', 3, 4, 4] } }];

function file(path: string, content: string | Uint8Array): string {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), content);
  return join(root, path);
}

async function imageFolder(name: string): Promise<string> {
  mkdirSync(join(root, name), { recursive: true });
  const image = sharp({ create: { width: 8, height: 8, channels: 3, background: { r: 255, g: 0, b: 0 } } });
  await image.toFile(join(root, name, 'a.png'));
  return join(root, name);
}

describe('openDataset', () => {
  it('asks how images are preprocessed, unless the model or its folder says', async () => {
    const folder = await imageFolder('images');
    await expect(openDataset(folder, { inputs: images })).rejects.toThrow('how the model wants its images');
    const bytes: readonly Value[] = [{ name: 'x', type: { kind: 'tensor', dtype: 'uint8', shape: [1, 4, 4, 3] } }];
    const raw = await (await openDataset(folder, { inputs: bytes })).read(0);
    expect([...raw.inputs.x.bytes.subarray(0, 3)]).toEqual([255, 0, 0]);
    const preprocessor = file(
      'hf/preprocessor_config.json',
      '{"do_normalize": false, "size": {"height": 4, "width": 4}}',
    );
    const dataset = await openDataset(folder, { inputs: images, model: { model: 'm.onnx', preprocessor } });
    expect(toNumbers((await dataset.read(0)).inputs.x)[0]).toBeCloseTo(1, 6);
  });

  it('reads preprocessing from a JSON file', async () => {
    const folder = await imageFolder('images');
    const preprocess = file('p.json', '{"preset": "unit", "channels": "BGR", "resize": "exact"}');
    const { inputs } = await (await openDataset(folder, { inputs: images, preprocess })).read(0);
    expect(toNumbers(inputs.x)[47]).toBeCloseTo(1, 6);
    expect(toNumbers(inputs.x)[0]).toBe(0);
    await expect(openDataset(folder, { inputs: images, preprocess: 'no.json' })).rejects.toThrow(
      'there is no such file',
    );
  });

  it('reads test data as ONNX writes it', async () => {
    const proto = (values: readonly number[]) =>
      toBinary(
        TensorProtoSchema,
        create(TensorProtoSchema, {
          dims: [2n],
          dataType: 1,
          rawData: new Uint8Array(Float32Array.from(values).buffer),
        }),
      );
    const typed = toBinary(TensorProtoSchema, create(TensorProtoSchema, { dims: [1n], dataType: 7, int64Data: [5n] }));
    for (const [i, values] of [
      [1, 2],
      [3, 4],
    ].entries()) {
      file(`case/test_data_set_${i}/input_0.pb`, proto(values));
      file(`case/test_data_set_${i}/input_1.pb`, typed);
    }
    const inputs: readonly Value[] = [
      { name: 'a', type: { kind: 'tensor', dtype: 'float32', shape: [2] } },
      { name: 'b', type: { kind: 'tensor', dtype: 'int64', shape: [1] } },
    ];
    const dataset = await openDataset(join(root, 'case'), { inputs });
    expect([dataset.length, dataset.labelled]).toEqual([2, false]);
    const sample = await dataset.read(1);
    expect([Array.from(toNumbers(sample.inputs.a)), toNumbers(sample.inputs.b)]).toEqual([[3, 4], [5]]);
    const wrong = await openDataset(join(root, 'case'), { inputs: [inputs[1], inputs[0]] });
    await expect(wrong.read(0)).rejects.toThrow('input b wants int64[1], the data has float32[2]');
    file('case/test_data_set_1/input_1.pb', 'garbage');
    await expect((await openDataset(join(root, 'case'), { inputs })).read(1)).rejects.toThrow(/set_1\/input_1\.pb/);
    await expect(openDataset(join(root, 'case'), { inputs: [...inputs, ...images] })).rejects.toThrow('input_2.pb');
  });

  it('takes an iterable of samples', async () => {
    const dataset = await openDataset([{ inputs: { x: new Float32Array(48) }, label: 1 }], { inputs: images });
    expect(dataset.length).toBe(1);
  });

  it('says what it cannot read', async () => {
    const open = (path: string) => openDataset(path, { inputs: images });
    await expect(open(join(root, 'nowhere'))).rejects.toThrow('there is no such file or folder');
    await expect(open(file('set.jsnl', ''))).rejects.toThrow('Did you mean .json');
    await expect(openDataset(file('l.txt', 'a'), { inputs: images, labels: 'labels.csv' })).rejects.toThrow(
      'labels.csv cannot label',
    );
    await expect(open(file('set.parquet', ''))).rejects.toThrow('Data is a folder of images');
    await expect(open(file('t.jsonl', '{"text": "a"}'))).rejects.toThrow('this one takes x');
    mkdirSync(join(root, 'void'));
    await expect(open(join(root, 'void'))).rejects.toThrow('neither images nor test_data_set_*');
    const strings: readonly Value[] = [{ name: 's', type: { kind: 'tensor', dtype: 'string', shape: [1] } }];
    await expect(openDataset(join(root, 'void'), { inputs: strings })).rejects.toThrow('takes strings');
  });
});

describe('findModelFolder', () => {
  it('finds the model and what stands beside it', async () => {
    file('bert/onnx/model.onnx', '');
    file('bert/tokenizer.json', '{}');
    const config = {
      id2label: { 1: 'POS', 0: 'NEG' },
      max_position_embeddings: 64,
      pad_token_id: 3,
      model_type: 'bert',
    };
    file('bert/config.json', JSON.stringify(config));
    const files = await findModelFolder(join(root, 'bert'));
    expect(files).toEqual({
      model: join(root, 'bert/onnx/model.onnx'),
      tokenizer: join(root, 'bert/tokenizer.json'),
      config: { classNames: ['NEG', 'POS'], maxPositions: 64, padId: 3 },
    });
    expect(await findModelFolder(join(root, 'bert/onnx/model.onnx'))).toEqual(files);
  });

  it('leaves room for positions that RoBERTa loses', async () => {
    file('roberta/model.onnx', '');
    file('roberta/config.json', '{"max_position_embeddings": 514, "pad_token_id": 1, "model_type": "roberta"}');
    expect((await findModelFolder(join(root, 'roberta'))).config?.maxPositions).toBe(512);
  });

  it('takes a file alone, and says what it looked for', async () => {
    const alone = file('alone/m.onnx', '');
    expect(await findModelFolder(alone)).toEqual({ model: alone });
    file('other/config.json', '{}');
    await expect(findModelFolder(join(root, 'other'))).rejects.toThrow('looked for onnx/model.onnx and model.onnx');
    await expect(findModelFolder(join(root, 'gone'))).rejects.toThrow('there is no such file or folder');
  });
});

const shared = '../shared';

describe.runIf(existsSync(shared))('real data', () => {
  const data = `${shared}/data`;
  const sequence = (names: readonly string[], length: number | string): readonly Value[] =>
    names.map((name) => ({ name, type: { kind: 'tensor', dtype: 'int64', shape: ['N', length] } }));
  const encoder = sequence(['input_ids', 'attention_mask', 'token_type_ids'], 'T');

  it('tokenises SST-2 to the ids that stand beside it', async () => {
    const text = await openDataset(`${data}/sst2/dev.sst2.tsv`, { inputs: encoder });
    const ids = await openDataset(`${data}/sst2/dev.tokens.json`, { inputs: encoder });
    expect([text.length, ids.length]).toEqual([436, 436]);
    for (let i = 0; i < 436; i++) {
      const [a, b] = [await text.read(i), await ids.read(i)];
      expect([i, a.label, ...Array.from(toNumbers(a.inputs.input_ids))]).toEqual([
        i,
        b.label,
        ...Array.from(toNumbers(b.inputs.input_ids)),
      ]);
    }
  });

  it('opens every labelled set', async () => {
    const pixels = (side: number): readonly Value[] => [
      { name: 'input', type: { kind: 'tensor', dtype: 'float32', shape: ['N', 3, side, side] } },
    ];
    const open = (path: string, side: number, preprocess: string) =>
      openDataset(`${data}/${path}`, { inputs: pixels(side), preprocess, requireLabels: true });
    const nips = await open('imagenet-nips2017', 224, 'imagenet');
    const tiny = await open('tiny-imagenet', 160, 'mobilenet,resize=exact');
    const cifar = await open('cifar10/test.npz', 32, 'cifar10');
    expect([nips.length, tiny.length, cifar.length]).toEqual([500, 1500, 1000]);
    for (const dataset of [nips, tiny, cifar]) {
      const numbers = toNumbers((await dataset.read(7)).inputs.input);
      expect(Array.from(numbers).every((value) => Math.abs(value) < 3)).toBe(true);
    }
    const smiles = await openDataset(`${data}/zinc-smiles/dev.tokens.json`, {
      inputs: sequence(['input_ids'], 74),
      outputs: [{ name: 'logits', type: { kind: 'tensor', dtype: 'float32', shape: ['N', 74, 66] } }],
      requireLabels: true,
    });
    expect(toNumbers((await smiles.read(0)).inputs.input_ids)[73]).toBe(64);
  });
});
