import { describe, expect, it } from 'vitest';
import { noise, prove } from '../../test/support/prove-equal.js';
import { buildModel, value } from '../graph/build.js';
import type { Model } from '../graph/model.js';
import type { Shape } from '../kernel/shape.js';
import { matMulAddToGemm } from './matmul-add-to-gemm.js';

function dense(input: Shape, bias: readonly number[], shown = false): Model {
  const outputs = [{ name: 'y' }, ...(shown ? [{ name: 'h' }] : [])];
  return buildModel({ inputs: [value('x', 'float32', input)], outputs }, (edit) => {
    edit.add({ name: 'product', op: 'MatMul', inputs: ['x', edit.constant('w', noise([4, 5]))], outputs: ['h'] });
    edit.add({ name: 'sum', op: 'Add', inputs: [edit.constant('b', noise(bias)), 'h'], outputs: ['y'] });
  });
}

describe('matmul-add-to-gemm', () => {
  it.each([[[5]], [[1, 5]]])('joins a product of matrices and a row %j', async (bias) => {
    const { apart, ops, after } = await prove(dense(['N', 4], bias), matMulAddToGemm);
    expect(ops).toEqual(['Gemm']);
    expect(after.graph.nodes[0]).toMatchObject({ name: 'product', outputs: ['y'] });
    expect(apart).toBeLessThan(1e-6);
  });

  it.each<readonly [string, Model]>([
    ['a batch of matrices', dense(['N', 3, 4], [5])],
    ['a product that is shown', dense(['N', 4], [5], true)],
    ['a bias that widens the result', dense([1, 4], [3, 5])],
    ['a scalar', dense(['N', 4], [1])],
  ])('leaves %s', async (_, model) => {
    expect(await prove(model, matMulAddToGemm)).toMatchObject({ apart: 0, changes: 0 });
  });
});
