import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildModel, value } from '../graph/build.js';
import { loadModel } from '../graph/from-onnx.js';
import type { Model } from '../graph/model.js';
import { saveModel } from '../graph/to-onnx.js';
import { random } from '../kernel/random.js';
import { floats, toNumbers } from '../kernel/tensor.js';
import { bench } from './bench.js';
import { localExecutor } from './executor.js';
import { feedsFor } from './feeds.js';
import { OPTIMIZE_JOB } from './optimized.js';
import { nodeTimes, PROFILE_JOB } from './profile.js';

const folder = mkdtempSync(join(tmpdir(), 'bitloom-measure-'));
const executor = localExecutor({ workers: 1, threads: 1 });
afterAll(async () => {
  await executor.close();
  rmSync(folder, { recursive: true });
});

const SIDE = 256;

/** x [N, SIDE] through `depth` layers of MatMul and Relu. */
function layers(depth: number): Model {
  const source = random(1);
  const head = { inputs: [value('x', 'float32', ['N', SIDE])], outputs: [value('y', 'float32', ['N', SIDE])] };
  return buildModel(head, (edit) => {
    const weights = floats(
      Array.from({ length: SIDE * SIDE }, () => source.normal() / 16),
      [SIDE, SIDE],
    );
    let last = 'x';
    for (let i = 0; i < depth; i++) {
      const w = edit.constant(`w${i}`, weights);
      last = edit.add({ op: 'MatMul', inputs: [last, w], name: `matmul${i}` });
      last = edit.add({ op: 'Relu', inputs: [last], name: `relu${i}`, ...(i === depth - 1 && { outputs: ['y'] }) });
    }
  });
}

async function save(depth: number): Promise<string> {
  const path = join(folder, `layers-${depth}.onnx`);
  await saveModel(layers(depth), path);
  return path;
}

const feed = { x: floats(Array(SIDE).fill(0.5), [1, SIDE]) };

describe('bench', () => {
  it('finds a model of eight times the work slower, with an interval, opening time and memory', async () => {
    const models = [await save(2), await save(16)];
    const rounds: number[] = [];
    const result = await bench(models, {
      feeds: { kind: 'generated', batch: 8, seed: 1 },
      width: 0.2,
      budgetMs: 2000,
      onRound: (round) => rounds.push(round),
    });
    const [{ path, ratio, low, high }] = result.ratios;
    expect(path).toBe(models[1]);
    expect(ratio).toBeGreaterThan(2);
    expect(low).toBeLessThanOrEqual(ratio);
    expect(high).toBeGreaterThanOrEqual(ratio);
    expect(result).toMatchObject({ threads: 1, batch: 8, provider: 'cpu', rounds: rounds.length });
    for (const model of result.models) {
      expect(model.minMs).toBeLessThanOrEqual(model.medianMs);
      expect(model.samplesPerSecond).toBeCloseTo(8000 / model.medianMs, 6);
      expect(model.openMs).toBeGreaterThan(0);
    }
    expect(result.models[1].peakBytes).toBeGreaterThan(16 * SIDE * SIDE * 4);
  });

  it('ends at its budget and says that the interval was not reached', async () => {
    const path = await save(2);
    const samples = { kind: 'samples', samples: [feed], batch: 1 } as const;
    const result = await bench([path, path], { feeds: samples, width: 0, budgetMs: 100 });
    expect(result.noisy).toBe(true);
    expect(result.ratios[0].ratio).toBeGreaterThan(0.3);
    expect(result.ratios[0].ratio).toBeLessThan(3);
  });
});

describe('profile', () => {
  const feeds = { kind: 'samples', samples: [feed], batch: 1 } as const;

  it('times each node that runs, and the heavy ones most', async () => {
    const [times] = await executor.run(PROFILE_JOB, { models: [{ path: await save(2) }], feeds, threads: 1, runs: 5 });
    const heavy = times.filter(({ op }) => /MatMul|Gemm/.test(op));
    expect(heavy).toHaveLength(2);
    for (const { provider, medianMs } of times)
      expect([provider, medianMs > 0]).toEqual(['CPUExecutionProvider', true]);
  });

  it('takes several models in turns, and shows the graph that each executes', async () => {
    const executed = join(folder, 'executed.onnx');
    const models = [{ path: await save(1) }, { path: await save(3), executed }];
    const rounds: number[] = [];
    const times = await executor.run(
      PROFILE_JOB,
      { models, feeds, threads: 1, runs: 3 },
      { onEvent: (round) => rounds.push(round) },
    );
    const products = times.map((nodes) => nodes.filter(({ op }) => /MatMul|Gemm/.test(op)).length);
    expect(products).toEqual([1, 3]);
    expect(rounds).toEqual([1, 2, 3, 4, 5]);
    const { graph } = await loadModel(executed);
    expect(graph.nodes.map(({ name }) => name)).toEqual(expect.arrayContaining(times[1].map(({ node }) => node)));
  });

  it('leaves warm-up runs out and adds up the calls within a run', () => {
    const run = (ts: number) => ({ cat: 'Session', name: 'model_run', ts, dur: 100, args: {} });
    const node = (ts: number, dur: number) => {
      const args = { op_name: 'Add', provider: 'p', node_index: '4' };
      return { cat: 'Node', name: 'body_kernel_time', ts, dur, args };
    };
    const events = [node(10, 99), run(0), node(210, 20), node(240, 30), run(200), node(410, 60), run(400), { odd: 1 }];
    expect(nodeTimes(events, 1)).toEqual([{ node: 'body', op: 'Add', provider: 'p', medianMs: 0.055 }]);
  });
});

describe('the optimized model', () => {
  it('is written and can be read back', async () => {
    const path = join(folder, 'optimized.onnx');
    expect(await executor.run(OPTIMIZE_JOB, { model: await save(2), path, threads: 1 })).toBe(path);
    const { graph } = await loadModel(path);
    expect(graph.outputs.map(({ name }) => name)).toEqual(['y']);
    expect(graph.nodes.length).toBeGreaterThan(0);
  });
});

describe('feedsFor', () => {
  const text = [
    value('input_ids', 'int64', ['batch', 'sequence']),
    value('attention_mask', 'int64', ['batch', 'sequence']),
    value('token_type_ids', 'int64', ['batch', 'sequence']),
    value('position_ids', 'int64', ['batch', 'sequence']),
  ];

  it('makes plausible text inputs, the same from the same seed', () => {
    const source = { kind: 'generated', batch: 2, seed: 3, dims: { sequence: 5 } } as const;
    const [feeds] = feedsFor(text, source);
    expect(feeds.input_ids).toMatchObject({ dtype: 'int64', dims: [2, 5] });
    for (const id of Array.from(toNumbers(feeds.input_ids))) expect(id >= 0 && id < 100).toBe(true);
    expect(toNumbers(feeds.attention_mask)).toEqual(Array(10).fill(1));
    expect(toNumbers(feeds.token_type_ids)).toEqual(Array(10).fill(0));
    expect(toNumbers(feeds.position_ids)).toEqual([0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
    expect(feedsFor(text, source)).toEqual(feedsFor(text, source));
  });

  it('fills the dimensions that it is not told', () => {
    const [feeds] = feedsFor([value('image', 'float32', ['N', 3, 'h', 'w'])], { kind: 'generated', batch: 1, seed: 1 });
    expect(feeds.image.dims).toEqual([1, 3, 224, 224]);
  });

  it('joins real samples to batches, each feed another one', () => {
    const samples = [1, 2, 3].map((item) => ({ x: floats([item, item], [1, 2]) }));
    const feeds = feedsFor([], { kind: 'samples', samples, batch: 2 });
    expect(feeds.map(({ x }) => Array.from(toNumbers(x)))).toEqual([
      [1, 1, 2, 2],
      [2, 2, 3, 3],
      [3, 3, 1, 1],
    ]);
    const unequal = [floats([1], [1, 1]), floats([2, 2], [1, 2])].map((x) => ({ x }));
    expect(feedsFor([], { kind: 'samples', samples: unequal, batch: 2 })[1].x.dims).toEqual([2, 2]);
  });

  it('refuses a batch that the model does not take, and inputs that cannot be made up', () => {
    const source = { kind: 'generated', batch: 4, seed: 1 } as const;
    expect(() => feedsFor([value('x', 'float32', [1, 3])], source)).toThrow('fixed at 1');
    expect(() => feedsFor([value('x', 'string', ['N'])], source)).toThrow('cannot be made up');
  });
});
