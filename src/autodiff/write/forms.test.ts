import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noise } from '../../../test/support/prove-equal.js';
import { runGraph } from '../../../test/support/run-model.js';
import { sum } from '../../kernel/statistics.js';
import { type DenseTensor, type Tensor, toFloat32 } from '../../kernel/tensor.js';
import { Builder } from '../builder.js';
import type { ConvGeometry } from '../primitives.js';
import type { Term } from '../program.js';
import { convolved } from '../shapes/products.js';
import { CONV_INPUT_FORMS } from './conv-input.js';
import { CONV_WEIGHT_FORMS } from './conv-weight.js';
import type { FormChoice } from './forms.js';
import { toModel } from './to-model.js';

interface Case {
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly geometry: ConvGeometry;
}

const axis = fc.record({
  size: fc.integer({ min: 1, max: 7 }),
  kernel: fc.integer({ min: 1, max: 3 }),
  stride: fc.integer({ min: 1, max: 3 }),
  dilation: fc.integer({ min: 1, max: 2 }),
  before: fc.integer({ min: 0, max: 3 }),
  after: fc.integer({ min: 0, max: 3 }),
});

const cases: fc.Arbitrary<Case> = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    group: fc.integer({ min: 1, max: 3 }),
    inside: fc.integer({ min: 1, max: 2 }),
    outside: fc.integer({ min: 1, max: 2 }),
    axes: fc.array(axis, { minLength: 1, maxLength: 3 }),
  })
  .map(({ batch, group, inside, outside, axes }) => ({
    x: [batch, group * inside, ...axes.map(({ size }) => size)],
    w: [group * outside, inside, ...axes.map(({ kernel }) => kernel)],
    geometry: {
      strides: axes.map(({ stride }) => stride),
      dilations: axes.map(({ dilation }) => dilation),
      pads: [...axes.map(({ before }) => before), ...axes.map(({ after }) => after)],
      group,
    },
  }))
  .filter(({ x, w, geometry }) => convolved(x.slice(2), w.slice(2), geometry).every((size) => size > 0));

const SEEDED = { seed: 20261124, numRuns: 60 };

/** x', w' of <Conv(x, w), y> = <x, ConvInput(y, w)> = <w, ConvWeight(x, y)>. */
async function threeProducts({ x, w, geometry }: Case, forms: FormChoice): Promise<readonly number[]> {
  const y = [x[0], w[0], ...convolved(x.slice(2), w.slice(2), geometry)];
  const [given, weight, output] = [noise(x, 1), noise(w, 2), noise(y, 3)];
  const b = new Builder();
  const [tx, tw, ty] = [input(b, 'x', given), input(b, 'w', weight), input(b, 'y', output)];
  const program = b.finish(
    new Map([
      ['conv', b.one('Conv', [tx, tw], geometry)],
      ['input', b.one('ConvInput', [ty, tw], { ...geometry, spatial: x.slice(2) })],
      ['weight', b.one('ConvWeight', [tx, ty], { ...geometry, kernel: w.slice(2) })],
    ]),
  );
  const results = await runGraph(toModel(program, { forms }), { x: given, w: weight, y: output });
  return [dot(results.conv, output), dot(results.input, given), dot(results.weight, weight)];
}

function input(b: Builder, name: string, { dtype, dims }: DenseTensor): Term {
  return b.input(name, { dtype, shape: dims });
}

function dot(a: Tensor, b: DenseTensor): number {
  const [p, q] = [toFloat32(a), toFloat32(b)];
  expect(a.dims).toEqual(b.dims);
  return sum(Float64Array.from(p, (value, i) => value * q[i]));
}

async function expectAdjoint(example: Case, forms: FormChoice): Promise<void> {
  const [forward, ...adjoints] = await threeProducts(example, forms);
  for (const value of adjoints) expect(Math.abs(value - forward)).toBeLessThan(1e-4 * (1 + Math.abs(forward)));
}

describe('the forms of the adjoints of a convolution', () => {
  it('are adjoint as chosen', async () => {
    await fc.assert(
      fc.asyncProperty(cases, (example) => expectAdjoint(example, {})),
      SEEDED,
    );
  });

  it('are adjoint where samples are taken in parts that stay in the cache', async () => {
    const geometry = { strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1], group: 64 };
    await expectAdjoint({ x: [3, 64, 100, 90], w: [64, 1, 3, 3], geometry }, {});
  });

  it.each(CONV_INPUT_FORMS.map(({ name }) => name))('are adjoint with ConvInput as %s', async (name) => {
    await fc.assert(
      fc.asyncProperty(cases, (example) => expectAdjoint(example, { ConvInput: name })),
      SEEDED,
    );
  });

  it.each(CONV_WEIGHT_FORMS.map(({ name }) => name))('are adjoint with ConvWeight as %s', async (name) => {
    await fc.assert(
      fc.asyncProperty(cases, (example) => expectAdjoint(example, { ConvWeight: name })),
      SEEDED,
    );
  });
});
