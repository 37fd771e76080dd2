import { describe, expect, it } from 'vitest';
import { noise, smallModel } from '../../test/plans.js';
import { floats, toFloat32 } from '../kernel/tensor.js';
import { nonFiniteWeights } from './finite-weights.js';

function withWeights(change: (weight: Float32Array, bias: number[]) => void) {
  return smallModel([2, 4], (edit) => {
    const weight = Float32Array.from(toFloat32(noise([4, 3], 1)));
    const bias = [0, 0, 0];
    change(weight, bias);
    const inputs = ['x', edit.constant('w', floats([...weight], [4, 3])), edit.constant('b', floats(bias))];
    return edit.add({ op: 'Gemm', name: 'dense', inputs });
  });
}

describe('nonFiniteWeights', () => {
  it('names every tensor that holds one, and where', () => {
    const model = withWeights((weight, bias) => {
      weight[7] = Number.NaN;
      bias[2] = Number.NEGATIVE_INFINITY;
    });
    expect(nonFiniteWeights(model)).toMatchObject([
      { code: 'non-finite-weight', message: 'element 7 is NaN or infinite', place: { node: 'dense', tensor: 'w' } },
      { code: 'non-finite-weight', message: 'element 2 is NaN or infinite', place: { node: 'dense', tensor: 'b' } },
    ]);
  });

  it('is silent for finite weights, the largest included', () => {
    const model = withWeights((weight) => weight.fill(3.4e38));
    expect(nonFiniteWeights(model)).toEqual([]);
  });
});
