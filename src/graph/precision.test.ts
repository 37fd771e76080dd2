import { describe, expect, it } from 'vitest';
import { noise } from '../../test/support/prove-equal.js';
import { difference, runGraph } from '../../test/support/run-model.js';
import { BitloomError } from '../kernel/errors.js';
import { floats, fromNumbers, toNumbers } from '../kernel/tensor.js';
import type { AttributeInput } from './attributes.js';
import { buildModel, value } from './build.js';
import type { GraphEdit } from './edit.js';
import type { Model } from './model.js';
import { asFloatModel, precisionOf } from './precision.js';
import { assertValid } from './verify.js';

function half(numbers: ArrayLike<number>, dims: readonly number[]) {
  return fromNumbers('float16', dims, numbers);
}

function over(build: (edit: GraphEdit) => void): Model {
  return buildModel({ inputs: [value('x', 'float32', ['N', 6])], outputs: [{ name: 'y' }] }, build);
}

describe('asFloatModel', () => {
  it('keeps float32', () => {
    const model = over((edit) =>
      edit.add({ op: 'MatMul', inputs: ['x', edit.constant('w', noise([6, 2]))], outputs: ['y'] }),
    );
    expect(asFloatModel(model)).toEqual({ model, precision: 'float32', handling: 'kept' });
  });

  it('widens float16 inside and at the ends, and says so', async () => {
    const head = { inputs: [value('x', 'float16', ['N', 6])], outputs: [value('y', 'float16', ['N', 2])] };
    const model = buildModel(head, (edit) => {
      const wide = edit.add({ op: 'Cast', inputs: ['x'], attributes: { to: 1 } });
      const back = edit.add({ op: 'Cast', inputs: [wide], attributes: { to: 10 } });
      const bias = edit.add({ op: 'Constant', inputs: [], attributes: { value: half([0.5, -2], [2]) } });
      const product = edit.add({
        op: 'MatMul',
        inputs: [back, edit.constant('w', half(toNumbers(noise([6, 2])), [6, 2]))],
      });
      edit.add({ op: 'Add', inputs: [product, bias], outputs: ['y'] });
    });
    const { model: wide, precision, handling, note } = asFloatModel(model);
    assertValid(wide, { pass: 'widen', before: [] });
    expect({ precision, handling }).toEqual({ precision: 'float16', handling: 'converted' });
    expect(note).toContain('inputs and outputs too: x, y');
    const numbers = toNumbers(noise([4, 6], 3));
    const { y: before } = await runGraph(model, { x: half(numbers, [4, 6]) });
    const after = await runGraph(wide, { x: floats(Array.from(toNumbers(half(numbers, [4, 6]))), [4, 6]) });
    // One float16 rounding of outputs of a few units: 2^-11 of the largest.
    expect(difference({ y: floats(Array.from(toNumbers(before)), [4, 2]) }, after)).toBeLessThan(1e-3);
    expect(precisionOf(wide)).toBe('float32');
  });

  it.each<readonly [string, readonly number[], readonly number[], Readonly<Record<string, AttributeInput>>]>([
    ['one scale', [], [6, 4], {}],
    ['a scale per column', [4], [6, 4], { axis: 1 }],
    ['a scale per row', [6], [6, 4], { axis: 0 }],
    ['a scale per block of rows', [3, 4], [6, 4], { axis: 0, block_size: 2 }],
  ])('turns weights with %s into float weights', async (_, scaleDims, dims, attributes) => {
    const count = scaleDims.reduce((size, dim) => size * dim, 1);
    const model = over((edit) => {
      const codes = edit.constant(
        'w',
        fromNumbers(
          'int8',
          dims,
          Array.from({ length: 24 }, (_, i) => ((i * 37) % 255) - 127),
        ),
      );
      const scale = edit.constant(
        's',
        floats(
          Array.from({ length: count }, (_, i) => 0.01 * (i + 1)),
          scaleDims,
        ),
      );
      const zero = edit.constant(
        'z',
        fromNumbers(
          'int8',
          scaleDims,
          Array.from({ length: count }, (_, i) => i % 3),
        ),
      );
      const weight = edit.add({ op: 'DequantizeLinear', inputs: [codes, scale, zero], attributes });
      edit.add({ op: 'MatMul', inputs: ['x', weight], outputs: ['y'] });
    });
    const { model: plain, precision, note } = asFloatModel(model);
    expect(precision).toBe('quantized-weights');
    expect(note).toContain('1 quantized weights');
    expect(plain.graph.nodes.map((node) => node.op)).toEqual(['MatMul']);
    const feeds = { x: noise([2, 6], 4) };
    expect(difference(await runGraph(model, feeds), await runGraph(plain, feeds))).toBeLessThan(1e-6);
  });

  it('refuses quantized activations and packed weights, naming every node', () => {
    const model = over((edit) => {
      const scale = edit.constant('s', floats([0.1], []));
      const codes = edit.add({ name: 'q', op: 'QuantizeLinear', inputs: ['x', scale] });
      const wide = edit.add({ name: 'dq', op: 'DequantizeLinear', inputs: [codes, scale] });
      edit.add({ name: 'packed', op: 'MatMulNBits', domain: 'com.microsoft', inputs: [wide], outputs: ['y'] });
    });
    expect(precisionOf(model)).toBe('quantized');
    expect(() => asFloatModel(model)).toThrow(BitloomError);
    expect(() => asFloatModel(model)).toThrow(/node q \(QuantizeLinear\)[\s\S]*node packed \(MatMulNBits\)/);
  });
});
