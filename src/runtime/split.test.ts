import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildModel, value } from '../graph/build.js';
import { saveModel } from '../graph/to-onnx.js';
import { floats } from '../kernel/tensor.js';
import { fastest, measureSplit, splitsOf } from './split.js';

const folder = mkdtempSync(join(tmpdir(), 'bitloom-split-'));
const model = join(folder, 'product.onnx');
const SIDE = 64;
const feeds = { x: floats(Array(SIDE).fill(0.5), [1, SIDE]) };

beforeAll(async () => {
  const head = { inputs: [value('x', 'float32', ['N', SIDE])], outputs: [value('y', 'float32', ['N', SIDE])] };
  const product = buildModel(head, (edit) => {
    const weight = edit.constant('w', floats(Array(SIDE * SIDE).fill(0.01), [SIDE, SIDE]));
    edit.add({ op: 'MatMul', inputs: ['x', weight], outputs: ['y'] });
  });
  await saveModel(product, model);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('measureSplit', () => {
  it('tries every split with real processes and returns the fastest, as plain data', async () => {
    const { split, tried } = await measureSplit(model, { feeds, cores: 2 });
    expect(tried).toMatchObject([
      { workers: 1, threads: 2 },
      { workers: 2, threads: 1 },
    ]);
    for (const { samplesPerSecond } of tried) expect(samplesPerSecond).toBeGreaterThan(100);
    expect(split).toEqual(fastest(tried));
    expect(structuredClone(tried)).toEqual(tried);
  });

  it('counts samples, not runs', async () => {
    const { tried } = await measureSplit(model, { feeds, cores: 1, batch: 64 });
    const [{ samplesPerSecond: alone }] = (await measureSplit(model, { feeds, cores: 1 })).tried;
    expect(tried[0].samplesPerSecond).toBeGreaterThan(4 * alone);
  });

  it('does not try splits whose processes would not fit', async () => {
    const { split, tried } = await measureSplit(model, { feeds, cores: 2, memory: 220 * 2 ** 20 });
    expect(tried).toHaveLength(1);
    expect(split).toEqual({ workers: 1, threads: 2 });
  });

  it('says what is wrong with a model that cannot run', async () => {
    await expect(measureSplit(join(folder, 'none.onnx'), { feeds, cores: 2 })).rejects.toMatchObject({
      problems: [{ place: { file: join(folder, 'none.onnx') } }],
    });
  });

  it('stops when it is aborted', async () => {
    const signal = AbortSignal.timeout(100);
    await expect(measureSplit(model, { feeds, cores: 2, signal })).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});

describe('splitsOf', () => {
  it.each([
    [1, ['1x1']],
    [2, ['1x2', '2x1']],
    [3, ['1x3', '2x1', '3x1']],
    [6, ['1x6', '2x3', '4x1']],
    [16, ['1x16', '2x8', '4x4']],
  ])('of %i cores', (cores, expected) => {
    expect(splitsOf(cores).map(({ workers, threads }) => `${workers}x${threads}`)).toEqual(expected);
  });
});

describe('fastest', () => {
  const rates = (...each: readonly number[]) =>
    each.map((samplesPerSecond, i) => ({ workers: i + 1, threads: 1, samplesPerSecond }));

  it('is the one of most samples a second', () => {
    expect(fastest(rates(100, 150, 120))).toEqual({ workers: 2, threads: 1 });
  });

  it('has fewest processes among those that noise does not tell apart', () => {
    expect(fastest(rates(90, 97, 100, 99))).toEqual({ workers: 2, threads: 1 });
  });
});
