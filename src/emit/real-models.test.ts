import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { noise, operators, planOf, tryPlan } from '../../test/plans.js';
import { openDataset } from '../data/open.js';
import { loadModel } from '../graph/from-onnx.js';
import type { Model } from '../graph/model.js';
import { encodeModel } from '../graph/to-onnx.js';
import { isDense, toFloat32 } from '../kernel/tensor.js';
import type { Format } from '../quantize/formats.js';
import { findUnits } from '../quantize/units.js';
import { dequantizeChannels, quantizeChannels } from '../quantize/weights.js';
import { ortRuntime } from '../runtime/ort.js';
import type { TensorMap } from '../runtime/session.js';
import { simplify } from '../simplify/simplify.js';

const RESNET50 = '../shared/models/resnet50-imagenet.onnx';
const MOBILENET = '../shared/models/mobilenetv2-imagenet.onnx';
const BERT = '../shared/models/bert-mini-sst2.onnx';

async function simplified(path: string): Promise<Model> {
  return (await simplify(await loadModel(path), { evaluate })).model;
}

async function evaluate(bytes: Uint8Array | string, feeds: TensorMap): Promise<TensorMap> {
  const session = await ortRuntime.open(bytes, { threads: 1 });
  try {
    return await session.run(feeds);
  } finally {
    await session.close();
  }
}

describe.runIf(existsSync(RESNET50))('ResNet50, all in w8a8', () => {
  it('has no float convolution, product or addition left', async () => {
    const model = await simplified(RESNET50);
    const [{ name }] = model.graph.inputs;
    const feeds = { [name]: noise([1, 3, 224, 224], 1) };
    const { executed, check } = await tryPlan(model, await planOf(model, feeds, 'w8a8'), feeds);
    expect(check.problems).toEqual([]);
    expect(operators(executed)).toMatchObject({
      QLinearConv: 53,
      QLinearAdd: 16,
      QGemm: 1,
      QLinearGlobalAveragePool: 1,
      NhwcMaxPool: 1,
      QuantizeLinear: 1,
    });
    for (const float of [
      'Conv',
      'FusedConv',
      'Gemm',
      'Add',
      'Relu',
      'MaxPool',
      'GlobalAveragePool',
      'DequantizeLinear',
    ]) {
      expect(operators(executed)[float]).toBeUndefined();
    }
  });
});

describe.runIf(existsSync(MOBILENET))('MobileNetV2', () => {
  it('keeps its accuracy to a point when its depthwise units stay float among int8 ones', async () => {
    const model = await simplified(MOBILENET);
    const { calibration, images, labels } = await imagesFor(model);
    const formats = Object.fromEntries(
      findUnits(model).map((unit): [string, Format] => [unit.name, isDepthwise(model, unit.weight) ? 'float' : 'w8a8']),
    );
    expect(Object.values(formats).filter((format) => format === 'float')).toHaveLength(17);
    const plan = await planOf(model, calibration, formats);
    const { check, emitted } = await tryPlan(model, plan, images[0]);
    expect(check.problems).toEqual([]);
    const correct = async (each: Model) =>
      (await answers(each, images)).filter((answer, i) => answer === labels[i]).length;
    const lost = (await correct(model)) - (await correct(emitted));
    expect(lost).toBeLessThanOrEqual(images.length / 100);
  });

  it('has weights on an 8-bit grid, and 8 bits leave them as they are', async () => {
    const model = await simplified(MOBILENET);
    for (const { weight, channelAxis } of findUnits(model)) {
      const float = weight && model.graph.initializers.get(weight);
      if (!float || !isDense(float) || channelAxis === undefined) continue;
      const quantized = quantizeChannels(float, { axis: channelAxis, bits: 8, method: 'min-max', reduceRange: false });
      const back = dequantizeChannels(quantized);
      const data = toFloat32(float);
      const off = data.filter((value, i) => Math.abs(value - back[i]) > 2e-6 * Math.abs(value)).length;
      expect(off).toBe(0);
    }
  });
});

describe.runIf(existsSync(BERT))('an encoder', () => {
  it.each(['w8a8', 'w8a8-dynamic', 'w4'] as const)('keeps LayerNorm and Gelu whole in %s', async (format) => {
    const model = await simplified(BERT);
    const ids = { dtype: 'int64', dims: [1, 8] } as const;
    const whole = (values: readonly bigint[]) => ({ ...ids, bytes: new Uint8Array(BigInt64Array.from(values).buffer) });
    const feeds = {
      input_ids: whole([2n, 50n, 60n, 70n, 80n, 90n, 100n, 3n]),
      attention_mask: whole(new Array<bigint>(8).fill(1n)),
      token_type_ids: whole(new Array<bigint>(8).fill(0n)),
    };
    const { executed, check } = await tryPlan(model, await planOf(model, feeds, format), feeds);
    const ran = operators(executed);
    expect(check.problems).toEqual([]);
    expect(ran.LayerNormalization).toBe(9);
    expect((ran.BiasGelu ?? 0) + (ran.Gelu ?? 0)).toBe(4);
    expect(ran.QLinearAdd ?? 0).toBe(0);
  });
});

function isDepthwise(model: Model, weight: string | undefined): boolean {
  const constant = weight === undefined ? undefined : model.graph.initializers.get(weight);
  return constant?.dims[1] === 1;
}

async function imagesFor(model: Model) {
  const { inputs } = model.graph;
  const data = await openDataset('../shared/data/imagenet-nips2017', { inputs, preprocess: 'mobilenet' });
  const samples = await Promise.all(Array.from({ length: 124 }, (_, i) => data.read(i)));
  return {
    calibration: samples.slice(100).map((sample) => sample.inputs),
    images: samples.slice(0, 100).map((sample) => sample.inputs),
    labels: samples.slice(0, 100).map((sample) => sample.label),
  };
}

async function answers(model: Model, images: readonly TensorMap[]): Promise<readonly number[]> {
  const session = await ortRuntime.open(encodeModel(model), { threads: 1 });
  const found: number[] = [];
  for (const image of images) {
    const logits = toFloat32(Object.values(await session.run(image))[0]);
    found.push(logits.indexOf(Math.max(...logits)));
  }
  await session.close();
  return found;
}
