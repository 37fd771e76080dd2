import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { floats, type Tensor, tensor } from '../kernel/tensor.js';
import { openWeightStore } from '../onnx/weight-store.js';
import { ortRuntime } from '../runtime/ort.js';
import { editGraph } from './edit.js';
import { decodeModel, hashModel, loadModel } from './from-onnx.js';
import type { Model } from './model.js';
import { encodeModel, fingerprint, saveModel } from './to-onnx.js';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bitloom-save-'));
  path = join(folder, 'model.onnx');
});

afterEach(() => rmSync(folder, { recursive: true }));

const SIZE = 64;
const large = tensor(
  'float32',
  [SIZE, SIZE],
  Float32Array.from({ length: SIZE * SIZE }, (_, i) => Math.sin(i)),
);

/** y = x w + b, with a large w and a small b. */
function linear(w: Tensor = large): Model {
  const type = { kind: 'tensor', dtype: 'float32', shape: ['N', SIZE] } as const;
  const graph = {
    name: 'linear',
    inputs: [{ name: 'x', type }],
    outputs: [{ name: 'y', type }],
    nodes: [],
    initializers: new Map(),
    sparseInitializers: new Map(),
    types: new Map(),
  };
  return {
    graph: editGraph(graph, (edit) => {
      const product = edit.add({ op: 'MatMul', inputs: ['x', edit.constant('w', w)] });
      edit.add({ op: 'Add', inputs: [product, edit.constant('b', floats([1]))], outputs: ['y'] });
    }),
    opsets: new Map([['', 17]]),
    functions: [],
    irVersion: 8,
    metadata: new Map([['key', 'value']]),
  };
}

async function run(model: string | Uint8Array): Promise<Tensor> {
  const session = await ortRuntime.open(model, { threads: 1 });
  try {
    return (await session.run({ x: tensor('float32', [1, SIZE], new Float32Array(SIZE).fill(0.5)) })).y;
  } finally {
    await session.close();
  }
}

/** Every tensor's bytes read, so that models compare by content. */
const content = (model: Model) => decodeModel(encodeModel(model));

describe('saveModel', () => {
  it('writes what encodeModel gives', async () => {
    expect(await saveModel(linear(), path)).toEqual({ modelBytes: statSync(path).size });
    expect(Buffer.compare(readFileSync(path), encodeModel(linear()))).toBe(0);
    expect(await loadModel(path)).toEqual(linear());
  });

  it('writes large tensors to another file, which ONNX Runtime finds', async () => {
    const saved = await saveModel(linear(), path, { externalData: { file: 'model.data' } });
    expect(saved.externalFile).toBe(join(folder, 'model.data'));
    expect(statSync(saved.externalFile ?? '').size).toBe(4 * SIZE * SIZE);
    expect(statSync(path).size).toBeLessThan(1024);
    expect(await run(path)).toEqual(await run(encodeModel(linear())));
    expect(content(await loadModel(path))).toEqual(content(linear()));
  });

  it('takes the threshold, and a folder below', async () => {
    mkdirSync(join(folder, 'data'));
    await saveModel(linear(), path, { externalData: { file: 'data/w', threshold: 1 } });
    expect(statSync(join(folder, 'data', 'w')).size).toBe(4 * SIZE * SIZE + 4);
    expect(content(await loadModel(path))).toEqual(content(linear()));
  });

  it('replaces a model together with the external data that it reads from', async () => {
    const externalData = { file: 'model.data' };
    await saveModel(linear(), path, { externalData });
    const loaded = await loadModel(path);
    await saveModel(loaded, path, { externalData });
    expect(content(await loadModel(path))).toEqual(content(linear()));
  });

  it.each(['../model.data', 'model.onnx'])('refuses external data in %s', async (file) => {
    const saving = saveModel(linear(), path, { externalData: { file } });
    await expect(saving).rejects.toThrow(expect.objectContaining({ code: 'external-data-escapes' }));
    expect(readdirSync(folder)).toEqual([]);
  });

  it('lets models share a store: the second writes only what differs', async () => {
    const store = await openWeightStore(join(folder, 'weights.bin'));
    const other = tensor('float32', [SIZE, SIZE], new Float32Array(SIZE * SIZE).fill(0.25));
    const models = [
      linear(),
      linear(floats(Array.from(new Float32Array(large.bytes.buffer)), [SIZE, SIZE])),
      linear(other),
    ];
    const sizes: number[] = [];
    for (const [i, model] of models.entries()) {
      await saveModel(model, join(folder, `candidate-${i}.onnx`), { weights: store });
      sizes.push(store.size);
    }
    await store.close();
    expect(sizes).toEqual([4 * SIZE * SIZE, 4 * SIZE * SIZE, 8 * SIZE * SIZE]);
    for (const [i, model] of models.entries()) {
      expect(await run(join(folder, `candidate-${i}.onnx`))).toEqual(await run(encodeModel(model)));
    }
  });

  it('goes to external data by itself above 2 GiB, and encodeModel refuses', async () => {
    const megabyte = tensor('uint8', [2 ** 20], new Uint8Array(2 ** 20));
    const { graph, ...rest } = linear();
    const initializers = new Map(Array.from({ length: 2100 }, (_, i) => [`w${i}`, megabyte]));
    const huge = { ...rest, graph: { ...graph, initializers: new Map([...graph.initializers, ...initializers]) } };
    expect(() => encodeModel(huge)).toThrow(expect.objectContaining({ code: 'model-too-large' }));
    const saved = await saveModel(huge, path);
    expect(saved.externalFile).toBe(join(folder, 'model.onnx_data'));
    expect((await loadModel(path)).graph.initializers.size).toBe(2102);
  });

  it('refuses a tensor whose bytes are not what its shape says', () => {
    const wrong = { dtype: 'float32', dims: [3], bytes: new Uint8Array(4) } as const;
    expect(() => encodeModel(linear(wrong))).toThrow(expect.objectContaining({ code: 'tensor-size' }));
  });

  it('leaves nothing behind where it fails', async () => {
    await expect(saveModel(linear(), join(folder, 'none', 'm.onnx'))).rejects.toThrow(/folder does not exist/);
    expect(readdirSync(folder)).toEqual([]);
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });
});

describe('hashModel', () => {
  it('changes with the model and with its external data', async () => {
    const externalData = { file: 'model.data' };
    await saveModel(linear(), path, { externalData });
    const first = await hashModel(path);
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(await hashModel(path)).toBe(first);
    await saveModel(linear(tensor('float32', [SIZE, SIZE], new Float32Array(SIZE * SIZE))), path, { externalData });
    expect(await hashModel(path)).not.toBe(first);
  });
});

describe('fingerprint', () => {
  it('is that of the saved and loaded model, wherever its weights lie', async () => {
    const expected = fingerprint(linear());
    expect(expected).toMatch(/^[0-9a-f]{64}$/);
    const ways = [{}, { externalData: { file: 'a.data' } }, { externalData: { file: 'b.data', threshold: 1 } }];
    for (const options of ways) {
      await saveModel(linear(), path, options);
      expect(fingerprint(await loadModel(path))).toBe(expected);
    }
    expect(fingerprint(decodeModel(encodeModel(linear())))).toBe(expected);
  });

  it('tells models apart by any byte of a weight, and by nothing but content', () => {
    const values = fc.uint8Array({ minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(values, values, (a, b) => {
        const of = (bytes: Uint8Array) => fingerprint(linear({ dtype: 'float32', dims: [1, 1], bytes }));
        expect(of(a) === of(b)).toBe(Buffer.compare(a, b) === 0);
      }),
    );
  });

  it('tells models apart by type, shape, names, metadata and versions', () => {
    const bytes = new Uint8Array(16);
    const model = linear({ dtype: 'float32', dims: [2, 2], bytes });
    const renamed = new Map([...model.graph.initializers].map(([name, value]) => [`${name}_`, value]));
    const others: Model[] = [
      linear({ dtype: 'int32', dims: [2, 2], bytes }),
      linear({ dtype: 'float32', dims: [4, 1], bytes }),
      linear({ dtype: 'float32', dims: [2, 1], bytes: bytes.subarray(8) }),
      { ...model, metadata: new Map() },
      { ...model, opsets: new Map([['', 18]]) },
      { ...model, graph: { ...model.graph, initializers: renamed } },
    ];
    expect(new Set([model, ...others].map(fingerprint)).size).toBe(others.length + 1);
  });

  it('reads each initializer once, however many models share it', () => {
    let reads = 0;
    const counted: Tensor = {
      dtype: 'uint8',
      dims: [3],
      get bytes() {
        reads++;
        return Uint8Array.of(1, 2, 3);
      },
    };
    const model = linear(counted);
    fingerprint(model);
    fingerprint({ ...model, metadata: new Map() });
    expect(reads).toBe(1);
  });
});
