import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PreparedSet, Sample } from '../data/dataset.js';
import { prepare } from '../data/prepared.js';
import { buildModel, value } from '../graph/build.js';
import type { Model } from '../graph/model.js';
import { encodeModel } from '../graph/to-onnx.js';
import { random } from '../kernel/random.js';
import { sum } from '../kernel/statistics.js';
import { floats, ints, tensor, toFloat32 } from '../kernel/tensor.js';
import { localExecutor } from '../runtime/executor.js';
import { ortRuntime } from '../runtime/ort.js';
import { binOf } from './bins.js';
import { observe } from './observe.js';

const executors = [localExecutor({ workers: 1, threads: 1 }), localExecutor({ workers: 2, threads: 1 })];
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bitloom-observe-'));
});
afterAll(async () => {
  await Promise.all(executors.map((executor) => executor.close()));
  await rm(folder, { recursive: true });
});

async function prepared(name: string, samples: readonly Sample[]): Promise<PreparedSet> {
  const dataset = {
    name,
    length: samples.length,
    labelled: false,
    read: async (index: number) => samples[index],
  };
  return prepare(dataset, [...samples.keys()], join(folder, name));
}

function normal(dims: readonly number[], seed: number, scale = 1) {
  const source = random(seed);
  const length = dims.reduce((size, dim) => size * dim, 1);
  return tensor(
    'float32',
    dims,
    Float32Array.from({ length }, () => scale * source.normal()),
  );
}

/** Convolutions with Relu, a residual Add, and a head: the layouts that taps must tell apart. */
function network(): Model {
  const head = { inputs: [value('x', 'float32', ['N', 3, 8, 8])], outputs: [value('y', 'float32', ['N', 5])] };
  return buildModel(head, (edit) => {
    const conv = (input: string, output: string, dims: readonly number[], seed: number) => {
      const weight = edit.constant(`${output}_w`, normal(dims, seed, 0.3));
      edit.add({ op: 'Conv', inputs: [input, weight], outputs: [output], attributes: { pads: [1, 1, 1, 1] } });
    };
    conv('x', 'a', [32, 3, 3, 3], 1);
    edit.add({ op: 'Relu', inputs: ['a'], outputs: ['b'] });
    conv('b', 'c', [32, 32, 3, 3], 2);
    edit.add({ op: 'Add', inputs: ['b', 'c'], outputs: ['d'] });
    edit.add({ op: 'GlobalAveragePool', inputs: ['d'], outputs: ['e'] });
    edit.add({ op: 'Flatten', inputs: ['e'], outputs: ['f'] });
    edit.add({ op: 'Gemm', inputs: ['f', edit.constant('g_w', normal([32, 5], 3))], outputs: ['y'] });
  });
}

const VALUES = ['y', 'x', 'b', 'c', 'd', 'e'];

function imageSample(seed: number, dims = [1, 3, 8, 8]): Sample {
  return { id: `image-${seed}`, inputs: { x: normal(dims, seed) } };
}

/** All elements of each value, by running the model with every value as an output. */
async function elements(model: Model, samples: readonly Sample[]): Promise<Map<string, number[]>> {
  const names = VALUES.filter((name) => name !== 'x');
  const open = { ...model, graph: { ...model.graph, outputs: names.map((name) => value(name, 'float32')) } };
  const session = await ortRuntime.open(encodeModel(open), { threads: 1 });
  const found = new Map<string, number[]>(VALUES.map((name) => [name, []]));
  for (const { inputs } of samples) {
    const all = { ...inputs, ...(await session.run(inputs)) };
    for (const name of VALUES) found.get(name)?.push(...toFloat32(all[name]));
  }
  await session.close();
  return found;
}

describe('observe', () => {
  const samples = Array.from({ length: 7 }, (_, i) => imageSample(100 + i));

  it('finds the extremes of every element of every value, by both details', async () => {
    const model = network();
    const data = await prepared('extremes', samples);
    const truth = await elements(model, samples);
    for (const detail of ['range', 'histogram'] as const) {
      const seen = await observe({ model, values: VALUES, data, detail, executor: executors[0] });
      expect(seen.samples).toBe(7);
      for (const name of VALUES) {
        const all = truth.get(name) ?? [];
        expect(seen.activations[name].min).toBeCloseTo(Math.min(0, ...all), 4);
        expect(seen.activations[name].max).toBeCloseTo(Math.max(0, ...all), 4);
      }
    }
  });

  it('counts every element once, in the bin where it lies', async () => {
    const model = network();
    const data = await prepared('counts', samples);
    const truth = await elements(model, samples);
    const seen = await observe({ model, values: VALUES, data, detail: 'histogram', executor: executors[0] });
    for (const name of VALUES) {
      const histogram = seen.activations[name].histogram;
      expect(sum(histogram?.counts ?? [])).toBe(truth.get(name)?.length);
    }
    const inputs = new Set((truth.get('x') ?? []).map(binOf));
    expect(new Set(seen.activations.x.histogram?.bins)).toEqual(inputs);
  });

  it('gives the same however the samples are shared among workers', async () => {
    const model = network();
    const data = await prepared('shards', samples);
    for (const detail of ['range', 'histogram'] as const) {
      const progress: number[] = [];
      const onProgress = (done: number) => progress.push(done);
      const [one, two] = await Promise.all(
        executors.map((executor) => observe({ model, values: VALUES, data, detail, executor, onProgress })),
      );
      expect(two).toEqual(one);
      expect(progress.toSorted((a, b) => a - b)).toEqual([1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7]);
    }
  });

  it('takes samples of unequal size', async () => {
    const sizes = [4, 9, 9, 3, 16];
    const uneven = sizes.map((size, i) => imageSample(i, [1, 3, size, 8]));
    const head = { inputs: [value('x', 'float32', ['N', 3, 'H', 8])], outputs: [value('y', 'float32')] };
    const model = buildModel(head, (edit) => edit.add({ op: 'Relu', inputs: ['x'], outputs: ['y'] }));
    const data = await prepared('uneven', uneven);
    const seen = await observe({ model, values: ['y'], data, detail: 'histogram', executor: executors[0] });
    expect(sum(seen.activations.y.histogram?.counts ?? [])).toBe(3 * 8 * sum(sizes));
  });

  it('takes a value whose shape depends on what the sample holds', async () => {
    const head = { inputs: [value('x', 'float32', [6])], outputs: [value('y', 'float32')] };
    const model = buildModel(head, (edit) => {
      const positive = edit.add({ op: 'Greater', inputs: ['x', edit.constant('zero', floats([0], []))] });
      edit.add({ op: 'Compress', inputs: ['x', positive], outputs: ['y'], attributes: { axis: 0 } });
    });
    const rows = [
      [1, -1, 2, -2, 3, -3],
      [1, 1, 1, 1, -1, -1],
      [-1, -1, -1, -1, -1, -1],
      [5, 5, 5, 5, 5, 5],
    ];
    const data = await prepared(
      'compress',
      rows.map((row, i) => ({ id: `${i}`, inputs: { x: floats(row) } })),
    );
    const seen = await observe({ model, values: ['y'], data, detail: 'histogram', executor: executors[0] });
    expect(sum(seen.activations.y.histogram?.counts ?? [])).toBe(13);
    expect(seen.activations.y).toMatchObject({ min: 0, max: 5 });
  });

  it.each([
    ['range', Number.NaN],
    ['histogram', Number.NaN],
    ['range', Number.NEGATIVE_INFINITY],
    ['histogram', Number.POSITIVE_INFINITY],
  ] as const)('names the first tensor and the sample that is not finite (%s, %f)', async (detail, bad) => {
    const spoiled = imageSample(3);
    const data = toFloat32(spoiled.inputs.x).slice();
    data[70] = bad;
    const all = [
      imageSample(1),
      imageSample(2),
      { id: 'bad.png', inputs: { x: tensor('float32', [1, 3, 8, 8], data) } },
    ];
    const set = await prepared(`bad-${detail}-${bad}`, all);
    const options = { model: network(), data: set, detail, executor: executors[0] };
    await expect(observe({ ...options, values: VALUES })).rejects.toMatchObject({
      code: 'non-finite-activation',
      problems: [{ place: { tensor: 'x', sample: 'bad.png' } }],
    });
    await expect(observe({ ...options, values: ['c'] })).rejects.toMatchObject({
      problems: [{ place: { tensor: 'c', sample: 'bad.png' } }],
    });
  });

  it('names every value that the model does not have, and one that is no float', async () => {
    const data = await prepared('unknown', samples);
    const options = { model: network(), data, detail: 'range', executor: executors[0] } as const;
    await expect(observe({ ...options, values: ['b', 'nowhere', 'gone'] })).rejects.toMatchObject({
      code: 'unknown-value',
      problems: [{ place: { tensor: 'nowhere' } }, { place: { tensor: 'gone' } }],
    });
    const head = { inputs: [value('ids', 'int64', [2])], outputs: [value('y', 'int64')] };
    const model = buildModel(head, (edit) => edit.add({ op: 'Neg', inputs: ['ids'], outputs: ['y'] }));
    const ids = await prepared('ids', [{ id: '0', inputs: { ids: ints([1, 2]) } }]);
    const executor = executors[0];
    for (const detail of ['range', 'histogram'] as const) {
      await expect(observe({ model, values: ['ids', 'y'], data: ids, detail, executor })).rejects.toMatchObject({
        problems: [
          { code: 'not-a-float-activation', place: { tensor: 'ids' } },
          { code: 'not-a-float-activation', place: { tensor: 'y' } },
        ],
      });
    }
  });
});
