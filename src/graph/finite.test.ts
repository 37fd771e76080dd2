import { describe, expect, it } from 'vitest';
import { floats } from '../kernel/tensor.js';
import { buildModel, value } from './build.js';
import { nonFiniteWeights } from './finite.js';
import type { Model } from './model.js';
import { asFloatModel } from './precision.js';

function model(weight: readonly number[], mask: readonly number[]): Model {
  return buildModel({ inputs: [value('x', 'float32', ['N', 2])], outputs: [{ name: 'y' }] }, (edit) => {
    const product = edit.add({
      name: 'dense',
      op: 'MatMul',
      inputs: ['x', edit.constant('w', floats(weight, [2, 2]))],
    });
    const added = edit.add({ op: 'Constant', inputs: [], outputs: ['mask'], attributes: { value: floats(mask) } });
    edit.add({ name: 'hide', op: 'Add', inputs: [product, added], outputs: ['y'] });
  });
}

describe('nonFiniteWeights', () => {
  it('lets masks hold infinities', () => {
    expect(nonFiniteWeights(model([1, 2, 3, 4], [0, Number.NEGATIVE_INFINITY]))).toEqual([]);
  });

  it('names every weight with NaN or an infinity, and its reader', () => {
    const problems = nonFiniteWeights(model([1, Number.POSITIVE_INFINITY, 3, 4], [Number.NaN, 0]));
    expect(problems.map(({ place, message }) => ({ ...place, message }))).toEqual([
      { tensor: 'w', node: 'dense', op: 'MatMul', message: 'element 1 is Infinity' },
      { tensor: 'mask', node: 'hide', op: 'Add', message: 'element 0 is NaN' },
    ]);
  });

  it('is asked before quantization starts', () => {
    expect(() => asFloatModel(model([Number.NaN, 1, 1, 1], [0, 0]))).toThrow(/tensor w: element 0 is NaN/);
  });
});
