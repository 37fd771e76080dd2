import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addConv, noise, operators, planOf, runModel, smallModel, tryEmitted, tryPlan } from '../../test/plans.js';
import type { GraphEdit } from '../graph/edit.js';
import { editGraph } from '../graph/edit.js';
import type { Model } from '../graph/model.js';
import { encodeModel } from '../graph/to-onnx.js';
import { floats, fromNumbers, isDense, tensor, toFloat32, toNumbers } from '../kernel/tensor.js';
import type { Format } from '../quantize/formats.js';
import { createEmitter, emit } from './emitter.js';

const DIMS = [1, 8, 10, 10];
const feeds = { x: noise(DIMS, 21) };

/** Int8 convolution, the unit under test, ReLU, int8 convolution. */
function sandwich(middle: (edit: GraphEdit, from: string) => string, channels = 8): Model {
  return smallModel(DIMS, (edit) => {
    const first = addConv(edit, { from: 'x', channels: [8, channels], name: 'first', seed: 1 });
    const relu = edit.add({ op: 'Relu', inputs: [middle(edit, first)] });
    return addConv(edit, { from: relu, channels: [8, 8], name: 'last', seed: 5 });
  });
}

const depthwise = (edit: GraphEdit, from: string) =>
  addConv(edit, { from, channels: [8, 8], groups: 8, name: 'middle', seed: 3 });

const INT8_AROUND: Readonly<Record<string, Format>> = { first: 'w8a8', last: 'w8a8' };

describe('a float unit among 8-bit ones stays float', () => {
  const cases: Readonly<Record<string, Model>> = {
    'depthwise Conv': sandwich(depthwise),
    'Conv of one channel': sandwich((edit, from) => addConv(edit, { from, channels: [1, 8], name: 'middle' }), 1),
    ConvTranspose: sandwich((edit, from) =>
      edit.add({
        op: 'ConvTranspose',
        name: 'middle',
        inputs: [from, edit.constant('w', noise([8, 8, 3, 3], 4, 0.1)), edit.constant('b', noise([8], 6))],
      }),
    ),
    'product of two activations': sandwich((edit, from) =>
      edit.add({
        op: 'MatMul',
        name: 'middle',
        inputs: [from, edit.add({ op: 'Transpose', inputs: [from], attributes: { perm: [0, 1, 3, 2] } })],
      }),
    ),
  };

  it.each(Object.entries(cases))('%s', async (_, model) => {
    const { check, executed } = await tryPlan(model, await planOf(model, feeds, INT8_AROUND), feeds);
    expect(check.problems).toEqual([]);
    expect(check.units.map((unit) => unit.format)).toContain('float');
    expect(operators(executed).QLinearConv).toBe(2);
  });

  it('Gemm', async () => {
    const model = smallModel([4, 16], (edit) => {
      const dense = (from: string, name: string, seed: number) =>
        edit.add({
          op: 'Gemm',
          name,
          inputs: [from, edit.constant(`${name}.w`, noise([16, 16], seed)), edit.constant(`${name}.b`, noise([16], 9))],
        });
      const relu = edit.add({ op: 'Relu', inputs: [dense(dense('x', 'first', 1), 'middle', 2)] });
      return dense(relu, 'last', 3);
    });
    const x = noise([4, 16], 2);
    const { check } = await tryPlan(model, await planOf(model, { x }, INT8_AROUND), { x });
    expect(check.problems).toEqual([]);
  });

  it('keeps its accuracy: only rounding around it is left', async () => {
    const model = sandwich(depthwise);
    const { outputs } = await tryPlan(model, await planOf(model, feeds, INT8_AROUND), feeds);
    const [actual] = Object.values(outputs);
    const [expected] = Object.values(await runModel(model, feeds));
    expect(relativeError(toFloat32(actual), toFloat32(expected))).toBeLessThan(0.02);
  });

  it('and the check sees when ONNX Runtime quantizes it after all', async () => {
    const model = sandwich(depthwise);
    const plan = await planOf(model, feeds, INT8_AROUND);
    const { check } = await tryEmitted(model, plan, withScalarInput(emit(model, plan), 'middle'), feeds);
    expect(check.problems.map((problem) => [problem.code, problem.place?.node])).toEqual([
      ['kernel-differs', 'middle'],
    ]);
  });
});

describe('biases', () => {
  const formats: readonly Format[] = ['w8a8', 'w4a8', 'w4a4', 'w8a16', 'w16a16', 'w4a16'];

  it('are never clipped in any format, however large they are beside the weights', async () => {
    const cases = fc.record({
      format: fc.constantFrom(...formats),
      bias: fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 4, maxLength: 4 }),
      exponents: fc.array(fc.integer({ min: -30, max: 2 }), { minLength: 4, maxLength: 4 }),
      seed: fc.integer(),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ format, bias, exponents, seed }) => {
        const weight = toFloat32(noise([4, 2, 1, 1], seed)).map((w, i) => w * 10 ** exponents[i >> 1]);
        const model = smallModel([1, 2, 3, 3], (edit) =>
          edit.add({
            op: 'Conv',
            inputs: [
              'x',
              edit.constant('w', tensor('float32', [4, 2, 1, 1], weight)),
              edit.constant('b', floats(bias)),
            ],
          }),
        );
        const plan = await planOf(model, { x: noise([1, 2, 3, 3], 3) }, format);
        for (const { stored, scales } of int32Constants(emit(model, plan))) {
          stored.forEach((steps, i) => {
            expect(Math.abs(steps)).toBeLessThanOrEqual(2 ** 30 + 1);
            expect(Math.abs(steps * scales[i] - Math.fround(bias[i]))).toBeLessThanOrEqual(0.51 * scales[i]);
          });
        }
      }),
      { numRuns: 40, seed: 7 },
    );
  });

  it('stay float where activations have 16 bits', async () => {
    const model = sandwich(depthwise);
    for (const format of ['w8a16', 'w16a16', 'w4a16'] as const) {
      const { executed, check } = await tryPlan(model, await planOf(model, feeds, format), feeds);
      expect(check.problems).toEqual([]);
      expect([...executed.initializers.values()].filter((constant) => constant.dtype === 'int32')).toEqual([]);
    }
  });

  it('of a channel of zero weights are as fine as any', async () => {
    const weight = noise([2, 8, 1, 1], 4);
    const half = toFloat32(weight).map((w, i) => (i < 8 ? 0 : w));
    const model = smallModel(DIMS, (edit) =>
      edit.add({
        op: 'Conv',
        inputs: [
          'x',
          edit.constant('w', tensor('float32', [2, 8, 1, 1], half)),
          edit.constant('b', floats([0.1, 0.1])),
        ],
      }),
    );
    const [{ scales }] = int32Constants(emit(model, await planOf(model, feeds, 'w8a8')));
    expect(scales[0]).toBe(scales[1]);
  });
});

describe('values', () => {
  it('that leave the graph keep their name when their producer stores integers', async () => {
    const model = smallModel(DIMS, (edit) => addConv(edit, { from: 'x', channels: [8, 8] }));
    const { emitted, outputs } = await tryPlan(model, await planOf(model, feeds, 'w8a8'), feeds);
    const [name] = Object.keys(outputs);
    expect(name).toBe(model.graph.outputs[0].name);
    expect(emitted.graph.nodes.find((node) => node.outputs.includes(name))?.op).toBe('DequantizeLinear');
  });

  it('are read at each reader’s own width, and bear the names that ONNX Runtime gives', async () => {
    const model = smallModel(DIMS, (edit) => {
      const first = addConv(edit, { from: 'x', channels: [8, 8], name: 'first', seed: 1 });
      const last = addConv(edit, { from: first, channels: [8, 8], name: 'last', seed: 3 });
      const wide = addConv(edit, { from: first, channels: [8, 8], name: 'wide', seed: 5 });
      return edit.add({ op: 'Sub', inputs: [last, wide] });
    });
    const plan = await planOf(model, feeds, { first: 'w8a8', last: 'w8a8', wide: 'w8a16' });
    const { emitted, check } = await tryPlan(model, plan, feeds);
    expect(check.problems).toEqual([]);
    const names = emitted.graph.nodes.map((node) => node.name);
    expect(names).toContain('first_output_QuantizeLinear');
    expect(names).toContain('first_output_DequantizeLinear');
    expect(names).toContain('first_output_uint16_QuantizeLinear');
    expect([...emitted.graph.initializers.keys()]).toEqual(
      expect.arrayContaining(['first_output_scale', 'first_output_zero_point', 'first.weight_quantized']),
    );
  });
});

describe('emission', () => {
  it('gives the same bytes for the same plan, and for the plan read back from JSON', async () => {
    const model = sandwich(depthwise);
    for (const format of ['w8a8', 'w4a4', 'w16a16', 'f16'] as const) {
      const plan = await planOf(model, feeds, format);
      const bytes = Buffer.from(encodeModel(emit(model, plan)));
      expect(bytes.equals(encodeModel(emit(model, plan)))).toBe(true);
      expect(bytes.equals(encodeModel(emit(model, JSON.parse(JSON.stringify(plan)))))).toBe(true);
    }
  });

  it('of many plans hands out the same tensors', async () => {
    const model = sandwich(depthwise);
    const emitter = createEmitter(model);
    const all = emitter.emit(await planOf(model, feeds, 'w8a8')).graph.initializers;
    const some = emitter.emit(await planOf(model, feeds, INT8_AROUND)).graph.initializers;
    expect(some.get('first.weight_quantized')).toBe(all.get('first.weight_quantized'));
    expect(some.get('middle.weight')).toBe(model.graph.initializers.get('middle.weight'));
  });

  it('refuses a plan of another model', async () => {
    const plan = await planOf(sandwich(depthwise), feeds, 'w8a8');
    const other = smallModel(DIMS, (edit) => addConv(edit, { from: 'x', channels: [8, 8], name: 'other' }));
    expect(() => emit(other, plan)).toThrow(/plan names a unit that the model does not have/);
  });
});

/** Undoes what keeps a float unit float: its input's DequantizeLinear gets one scale instead of one for each channel. */
function withScalarInput(model: Model, unit: string): Model {
  const graph = editGraph(model.graph, (edit) => {
    for (const name of [`${unit}_input_scale`, `${unit}_input_zero_point`]) {
      const constant = model.graph.initializers.get(name);
      if (constant && isDense(constant)) {
        edit.setInitializer(name, fromNumbers(constant.dtype, [], [toNumbers(constant)[0]]));
      }
    }
  });
  return { ...model, graph };
}

/** The int32 biases of a model and their scales. */
function int32Constants({ graph }: Model) {
  return graph.nodes.flatMap((node) => {
    const [stored, scales] = node.inputs.map((input) => graph.initializers.get(input));
    const isBias = node.op === 'DequantizeLinear' && stored?.dtype === 'int32' && scales;
    return isBias ? [{ stored: Array.from(toNumbers(stored)), scales: toFloat32(scales) }] : [];
  });
}

function relativeError(actual: Float32Array, expected: Float32Array): number {
  const square = (values: Float32Array) => values.reduce((total, value) => total + value * value, 0);
  return Math.sqrt(square(actual.map((value, i) => value - expected[i])) / square(expected));
}
