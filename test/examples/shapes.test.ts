import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accuracyOn, drawBatch } from '../../examples/shapes/batches.js';
import { DEMO_SETS, KEEP, LEAST_ACCURACY, MODEL } from '../../examples/shapes/demonstration.js';
import { convOutput, type Feature, type Layers } from '../../examples/shapes/layers.js';
import { buildNetwork, INPUT, SHAPES_NETWORK } from '../../examples/shapes/network.js';
import { SHAPE_NAMES } from '../../examples/shapes/outlines.js';
import { smallestResolved } from '../../src/evaluate/paired-loss.js';
import { loadModel } from '../../src/graph/from-onnx.js';
import type { Model } from '../../src/graph/model.js';
import { elementCount, toFloat32 } from '../../src/kernel/tensor.js';
import { ortRuntime } from '../../src/runtime/ort.js';
import type { Session } from '../../src/runtime/session.js';

describe('the shipped network', () => {
  let model: Model;
  let session: Session;
  beforeAll(async () => {
    model = await loadModel(MODEL);
    session = await ortRuntime.open(MODEL, { threads: 1 });
  });
  afterAll(() => session.close());

  it('is small: under 2 MB and 400 thousand weights', () => {
    expect(statSync(MODEL).size).toBeLessThan(2e6);
    const weights = [...model.graph.initializers.values()].reduce((total, tensor) => total + elementCount(tensor), 0);
    expect(weights).toBeLessThan(400_000);
    expect(weights).toBeGreaterThan(100_000);
  });

  it('has residual and depthwise blocks, and normalizations to fold', () => {
    const ops = new Set(model.graph.nodes.map(({ op }) => op));
    for (const op of ['Conv', 'BatchNormalization', 'Relu', 'Clip', 'Add', 'Gemm']) expect(ops).toContain(op);
  });

  it('takes any number of images at once, and answers as for one', async () => {
    expect(model.graph.inputs[0].type).toMatchObject({ shape: ['batch', 3, 48, 48] });
    const { logits } = await session.run({ images: drawBatch(31, 0, 3).images });
    expect(logits.dims).toEqual([3, SHAPE_NAMES.length]);
    const alone = await session.run({ images: drawBatch(31, 2, 1).images });
    const last = toFloat32(logits).subarray(2 * SHAPE_NAMES.length);
    const difference = toFloat32(alone.logits).map((value, i) => Math.abs(value - last[i]));
    expect(Math.max(...difference)).toBeLessThan(1e-4);
  });

  it('is right about most drawings that it has never seen', async () => {
    expect(await accuracyOn(session, 32, 400)).toBeGreaterThan(LEAST_ACCURACY - 0.04);
  });
});

describe('the network', () => {
  it('takes 15 to 40 million multiply-accumulates an image', () => {
    let macs = 0;
    const same = (x: Feature) => x;
    const counter: Layers = {
      conv(x, name, spec) {
        const y = convOutput(x, name, spec);
        macs += (y.channels * y.height * y.width * x.channels * spec.kernel ** 2) / (spec.groups ?? 1);
        return y;
      },
      batchNorm: same,
      relu: same,
      relu6: same,
      add: same,
      globalAverage: (x) => ({ ...x, height: 1, width: 1 }),
      linear(x, name, channels) {
        macs += x.channels * channels;
        return { ...x, name, channels };
      },
    };
    buildNetwork(counter, INPUT, SHAPES_NETWORK);
    expect(macs).toBe(17_428_224);
  });
});

describe('the data module', () => {
  it('loads in plain Node.js, as the built command loads it', () => {
    const module = new URL('../../examples/shapes/dataset.mjs', import.meta.url);
    const script = `
      const { samples } = await import(${JSON.stringify(module.href)});
      for await (const { inputs, label } of samples()) {
        console.log(JSON.stringify({ length: inputs.images.length, label }));
        break;
      }`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(JSON.parse(output)).toEqual({ length: 3 * 48 * 48, label: expect.any(Number) });
  });
});

describe('the demo', () => {
  it('draws enough to decide on, and shares no drawing between its sets', () => {
    expect(smallestResolved(DEMO_SETS.selection.length)).toBeLessThanOrEqual((1 - KEEP) * LEAST_ACCURACY);
    expect(new Set(Object.values(DEMO_SETS).map(({ seed }) => seed)).size).toBe(3);
  });
});
