import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AttributeInput } from '../../src/graph/attributes.js';
import { buildModel, value } from '../../src/graph/build.js';
import type { Model } from '../../src/graph/model.js';
import { fromNumbers, toFloat32, toNumbers } from '../../src/kernel/tensor.js';
import { noise } from '../plans.js';
import { doubled, REWRITTEN, toDouble } from '../support/double.js';
import { runGraph } from '../support/run-model.js';

/** What float32 can be off by, relative to the largest result. */
const SINGLE = 2e-6;

interface Case {
  readonly op: string;
  /** Shapes of the inputs. */
  readonly shapes: readonly (readonly number[])[];
  readonly attributes: Readonly<Record<string, AttributeInput>>;
}

const spatial = fc.record({
  size: fc.integer({ min: 5, max: 7 }),
  kernel: fc.integer({ min: 1, max: 3 }),
  stride: fc.integer({ min: 1, max: 3 }),
  dilation: fc.integer({ min: 1, max: 2 }),
  pads: fc.tuple(fc.nat({ max: 1 }), fc.nat({ max: 1 })),
});

interface Axis {
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly pads: readonly [number, number];
}

const axes = fc.array(spatial, { minLength: 1, maxLength: 3 });
const features = fc.record({
  batch: fc.integer({ min: 1, max: 2 }),
  group: fc.integer({ min: 1, max: 2 }),
  inputs: fc.integer({ min: 1, max: 2 }),
  outputs: fc.integer({ min: 1, max: 2 }),
  bias: fc.boolean(),
});

function geometry(sides: readonly Axis[], dilated = true) {
  return {
    kernel_shape: sides.map(({ kernel }) => kernel),
    strides: sides.map(({ stride }) => stride),
    ...(dilated && { dilations: sides.map(({ dilation }) => dilation) }),
    pads: [...sides.map(({ pads }) => pads[0]), ...sides.map(({ pads }) => pads[1])],
  };
}

const convs: fc.Arbitrary<Case> = fc.tuple(axes, features, fc.boolean()).map(([sides, channels, transposed]) => {
  const { batch, group, inputs, outputs, bias } = channels;
  const kernel = sides.map((side) => side.kernel);
  const weight = transposed ? [group * inputs, outputs, ...kernel] : [group * outputs, inputs, ...kernel];
  const x = [batch, group * inputs, ...sides.map(({ size }) => size)];
  return {
    op: transposed ? 'ConvTranspose' : 'Conv',
    shapes: [x, weight, ...(bias ? [[group * outputs]] : [])],
    attributes: { ...geometry(sides), group },
  };
});

const pools: fc.Arbitrary<Case> = fc.tuple(axes, fc.nat({ max: 1 })).map(([sides, count_include_pad]) => {
  const wide = sides.map((side) => ({ ...side, kernel: side.kernel + 1 }));
  return {
    op: 'AveragePool',
    shapes: [[2, 2, ...sides.map(({ size }) => size)]],
    attributes: { ...geometry(wide, false), count_include_pad },
  };
});

const globals: fc.Arbitrary<Case> = fc
  .tuple(axes, fc.constantFrom('GlobalAveragePool', 'GlobalMaxPool'))
  .map(([sides, op]) => ({ op, shapes: [[2, 2, ...sides.map(({ size }) => size)]], attributes: {} }));

const elementwise: fc.Arbitrary<Case> = fc
  .constantFrom('Erf', 'Softplus')
  .map((op) => ({ op, shapes: [[3, 50]], attributes: {} }));

function modelOf({ op, shapes, attributes }: Case): Model {
  const names = shapes.map((_, i) => `x${i}`);
  const inputs = shapes.map((shape, i) => value(names[i], 'float32', shape));
  return buildModel({ inputs, outputs: [value('y', 'float32')] }, (edit) => {
    edit.add({ op, inputs: names, outputs: ['y'], attributes });
  });
}

/** The largest difference between the operator and its float64 form, relative to the largest result. */
async function apart(sample: Case): Promise<number> {
  const model = modelOf(sample);
  const feeds = Object.fromEntries(sample.shapes.map((shape, i) => [`x${i}`, noise(shape, i + 1, 2)]));
  const wide = Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, doubled(tensor)]));
  const { y } = await runGraph(model, feeds);
  const { y: double } = await runGraph(toDouble(model), wide);
  expect(double.dtype).toBe('float64');
  expect(double.dims).toEqual(y.dims);
  const [single, exact] = [toFloat32(y), toNumbers(double)];
  const largest = single.reduce((most, item) => Math.max(most, Math.abs(item)), 1e-3);
  return single.reduce((most, item, i) => Math.max(most, Math.abs(item - exact[i])), 0) / largest;
}

describe('an operator without a float64 kernel', () => {
  it.each([
    ['convolutions', convs, 40],
    ['average pools', pools, 20],
    ['global pools', globals, 10],
    ['element by element', elementwise, 6],
  ] as const)('computes the same in its float64 form: %s', async (_, samples, numRuns) => {
    const law = fc.asyncProperty(samples, async (sample) => {
      expect(await apart(sample)).toBeLessThan(SINGLE);
    });
    await fc.assert(law, { numRuns, seed: 6 });
  });

  it.each(REWRITTEN)('has none: %s', async (op) => {
    const image = [1, 2, 4, 4];
    const shapes = op.startsWith('Conv') ? [image, [2, 2, 3, 3]] : [image];
    const attributes = op === 'AveragePool' ? { kernel_shape: [2, 2] } : {};
    const model = buildModel(
      { inputs: shapes.map((shape, i) => value(`x${i}`, 'float64', shape)), outputs: [value('y', 'float64')] },
      (edit) => {
        edit.add({ op, inputs: shapes.map((_, i) => `x${i}`), outputs: ['y'], attributes });
      },
    );
    await expect(runGraph(model, {})).rejects.toThrow(/no CPU kernel/);
  });
});

describe('erf in float64', () => {
  /** Abramowitz and Stegun, table 7.1, and Wolfram's erf to 17 digits. */
  it.each([
    [0, 0],
    [1e-9, 1.128379167095513e-9],
    [0.1, 0.1124629160182849],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [2, 0.9953222650189527],
    [3, 0.9999779095030014],
    [5, 0.9999999999984626],
    [30, 1],
    [-1.5, -0.9661051464753108],
  ])('erf(%d)', async (x, expected) => {
    const model = toDouble(modelOf({ op: 'Erf', shapes: [[1]], attributes: {} }));
    const { y } = await runGraph(model, { x0: fromNumbers('float64', [1], [x]) });
    expect(Math.abs(toNumbers(y)[0] - expected)).toBeLessThanOrEqual(1e-15);
  });
});
