import { describe, expect, it } from 'vitest';
import { addConv, noise, ortCpu, type PlanOptions, planOf, runModel, smallModel, tryPlan } from '../../test/plans.js';
import { editGraph } from '../graph/edit.js';
import type { Model } from '../graph/model.js';
import { float16ToNumber, numberToFloat16 } from '../kernel/float16.js';
import { type DenseTensor, floats, isDense, tensor, toFloat32 } from '../kernel/tensor.js';
import { type Bits, FORMATS, type Format } from '../quantize/formats.js';
import { activationGrid, affineParameters, quantizeValue } from '../quantize/grid.js';
import type { AffineParameters, Plan } from '../quantize/plan.js';
import type { Unit } from '../quantize/unit.js';
import { findUnits } from '../quantize/units.js';
import { dequantizeBlocks, dequantizeChannels, quantizeBlocks, quantizeChannels } from '../quantize/weights.js';

/** One unit on its own, so that what its format does can be simulated in a few lines. */
const MODELS: Readonly<
  Record<Unit['op'] | 'Product' | 'Unbiased', { readonly dims: readonly number[]; readonly model: Model }>
> = {
  Conv: conv(),
  Unbiased: unbiased(),
  ConvTranspose: convTranspose(),
  Gemm: gemm(),
  MatMul: matmul(),
  Product: product(),
};

function conv() {
  const dims = [2, 6, 9, 9];
  const model = smallModel(dims, (edit) => addConv(edit, { from: 'x', channels: [6, 10] }));
  return { dims, model };
}

/** Without a bias a convolution has only two operands, and ONNX Runtime's patterns match more easily. */
function unbiased() {
  const dims = [1, 6, 7, 7];
  const model = smallModel(dims, (edit) => addConv(edit, { from: 'x', channels: [6, 4], bias: false }));
  return { dims, model };
}

function convTranspose() {
  const dims = [1, 6, 5, 5];
  const model = smallModel(dims, (edit) =>
    edit.add({ op: 'ConvTranspose', inputs: ['x', edit.constant('w', noise([6, 4, 3, 3], 2, 0.2))] }),
  );
  return { dims, model };
}

function gemm() {
  const dims = [5, 64];
  const model = smallModel(dims, (edit) =>
    edit.add({
      op: 'Gemm',
      inputs: ['x', edit.constant('w', noise([12, 64], 3, 0.1)), edit.constant('b', noise([12], 4))],
      attributes: { transB: 1 },
    }),
  );
  return { dims, model };
}

function matmul() {
  const dims = [2, 5, 64];
  const model = smallModel(dims, (edit) =>
    edit.add({ op: 'MatMul', inputs: ['x', edit.constant('w', noise([64, 12], 3, 0.1))] }),
  );
  return { dims, model };
}

function product() {
  const dims = [2, 7, 7];
  const model = smallModel(dims, (edit) => {
    const turned = edit.add({ op: 'Transpose', inputs: ['x'], attributes: { perm: [0, 2, 1] } });
    return edit.add({ op: 'MatMul', inputs: ['x', turned] });
  });
  return { dims, model };
}

interface Case {
  readonly on: keyof typeof MODELS;
  readonly format: Format;
  readonly options?: PlanOptions;
}

const CASES: readonly Case[] = [
  ...(['Conv', 'Gemm', 'MatMul'] as const).flatMap((on) =>
    (['float', 'w8a8', 'w4a8', 'w4a4', 'w4a16', 'w8a16', 'w16a16', 'f16'] as const).map((format) => ({ on, format })),
  ),
  ...(['Conv', 'Gemm', 'MatMul'] as const).flatMap((on) =>
    (['w4a8', 'w4a4', 'w4a16'] as const).map((format) => ({
      on,
      format,
      options: { emission: { container: 'packed' } } as const,
    })),
  ),
  ...(['Gemm', 'MatMul'] as const).flatMap((on) =>
    (['w8a8-dynamic', 'w4', 'w8'] as const).map((format) => ({
      on,
      format,
      options: { emission: { accuracyLevel: 1 }, weights: { blockSize: 16 } } as const,
    })),
  ),
  ...(['Gemm', 'MatMul'] as const).flatMap((on) =>
    (['w4', 'w8'] as const).map((format) => ({
      on,
      format,
      options: { emission: { blocks: 'qdq' }, weights: { blockSize: 16 } } as const,
    })),
  ),
  ...(['matmulnbits', 'qdq'] as const).flatMap((blocks) =>
    (['w4', 'w8'] as const).map((format) => ({
      on: 'Gemm' as const,
      format,
      options: { emission: { blocks, accuracyLevel: 1 }, weights: { blockSize: 16, asymmetricBlocks: true } } as const,
    })),
  ),
  ...(['w8a8', 'w4a4', 'w16a16', 'f16'] as const).map((format) => ({ on: 'Product', format }) as const),
  ...(['w8a8', 'w4a4', 'w8a16', 'w16a16', 'f16'] as const).map((format) => ({ on: 'Unbiased', format }) as const),
  ...(['w4a8', 'w4a4', 'w4a16'] as const).map(
    (format) => ({ on: 'Unbiased', format, options: { emission: { container: 'packed' } } }) as const,
  ),
  { on: 'ConvTranspose', format: 'f16' },
  { on: 'Conv', format: 'w8a8', options: { weights: { reduceRange: true } } },
  { on: 'Gemm', format: 'w4a8', options: { weights: { method: 'mse' } } },
];

describe('what runs is what the format says', () => {
  it.each(CASES.map((each) => [describeCase(each), each] as const))('%s', async (_, { on, format, options }) => {
    const { dims, model } = MODELS[on];
    const feeds = { x: noise(dims, 11) };
    const plan = await planOf(model, feeds, format, options);
    const { outputs, check } = await tryPlan(model, plan, feeds);
    expect(check.problems).toEqual([]);
    const { expected, tolerance } = await simulated(model, plan, feeds.x);
    const [actual] = Object.values(outputs);
    expect(largestDifference(toFloat32(actual), expected)).toBeLessThanOrEqual(tolerance);
  });
});

function describeCase({ on, format, options }: Case): string {
  return `${on} in ${format} ${options ? JSON.stringify(options) : ''}`;
}

/** The float model on operands that were quantized and dequantized here, and how far rounding ties may lead it. */
async function simulated(model: Model, plan: Plan, x: DenseTensor) {
  const [unit] = findUnits(model);
  const format = plan.units[unit.name];
  const replaced = editGraph(model.graph, (edit) => {
    const weight = unit.weight && model.graph.initializers.get(unit.weight);
    if (!unit.weight || !weight || !isDense(weight)) return;
    edit.setInitializer(unit.weight, fakeWeight(weight, unit, plan));
    const bias = unit.bias && model.graph.initializers.get(unit.bias);
    if (unit.bias && bias) edit.setInitializer(unit.bias, fakeBias(toFloat32(bias), weight, unit, plan));
  });
  const outputs = await runModel({ ...model, graph: replaced }, { x: fakeInput(x, format, plan) });
  const result = toFloat32(Object.values(outputs)[0]);
  const largest = Math.max(...result.map(Math.abs));
  const stored = plan.activations[unit.output]?.[8];
  if (!stored) return { expected: result, tolerance: floatTolerance(plan, format) * largest };
  return { expected: fakeQuantized(result, stored, 8), tolerance: 1.001 * stored.scale };
}

/** Relative to the largest output: half floats keep 11 bits, and accuracy level 4 rounds activations to 8. */
function floatTolerance(plan: Plan, format: Format): number {
  const rounded = plan.emission?.blocks === 'qdq';
  return format === 'f16' ? 2e-3 : rounded ? 1e-2 : 1e-5;
}

function fakeInput(x: DenseTensor, format: Format, plan: Plan): DenseTensor {
  const { activation } = FORMATS[format];
  const data = toFloat32(x);
  if (activation === 'dynamic') {
    const range = { min: Math.min(...data), max: Math.max(...data) };
    return tensor('float32', x.dims, fakeQuantized(data, affineParameters(range, 8), 8));
  }
  const held = typeof activation === 'object' ? plan.activations.x[activation.bits] : undefined;
  if (!held || typeof activation !== 'object') return x;
  return tensor('float32', x.dims, fakeQuantized(data, held, activation.bits));
}

function fakeQuantized(data: Float32Array, held: AffineParameters, bits: Bits): Float32Array {
  const grid = activationGrid(bits);
  return data.map((value) => (quantizeValue(value, held, grid) - held.zeroPoint) * held.scale);
}

function fakeWeight(weight: DenseTensor, unit: Unit, plan: Plan): DenseTensor {
  const spec = FORMATS[plan.units[unit.name]].weight;
  const { method, reduceRange, blockSize, asymmetricBlocks } = plan.weights;
  if (spec === 'float') return weight;
  if (spec === 'f16') {
    return tensor(
      'float32',
      weight.dims,
      toFloat32(weight).map((w) => float16ToNumber(numberToFloat16(w))),
    );
  }
  if (spec.per === 'block') {
    const transposed = unit.channelAxis === 0;
    const bits = spec.bits === 4 ? 4 : 8;
    const blocks = quantizeBlocks(weight, bits, blockSize, method, transposed, asymmetricBlocks);
    return tensor('float32', weight.dims, dequantizeBlocks(blocks, transposed));
  }
  const axis = unit.channelAxis ?? 0;
  const quantized = quantizeChannels(weight, { axis, bits: spec.bits, method, reduceRange });
  return tensor('float32', weight.dims, dequantizeChannels(quantized));
}

/** Integer kernels add the bias to their sums, so it is rounded to whole products of both scales. */
function fakeBias(bias: Float32Array, weight: DenseTensor, unit: Unit, plan: Plan): DenseTensor {
  const format = plan.units[unit.name];
  const spec = FORMATS[format];
  const integer = ortCpu.kernels[unit.op][format]?.compute === 'integer';
  if (!integer || typeof spec.weight !== 'object' || typeof spec.activation !== 'object') return floats([...bias]);
  const { bits } = spec.weight;
  const { method, reduceRange } = plan.weights;
  const { scales } = quantizeChannels(weight, { axis: unit.channelAxis ?? 0, bits, method, reduceRange });
  const { scale = 1 } = plan.activations.x[spec.activation.bits] ?? {};
  return floats([...bias].map((value, i) => Math.round(value / (scale * scales[i])) * scale * scales[i]));
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
}
