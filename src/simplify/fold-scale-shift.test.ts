import { describe, expect, it } from 'vitest';
import { noise, positive, prove } from '../../test/support/prove-equal.js';
import { buildModel, value } from '../graph/build.js';
import type { Model } from '../graph/model.js';
import { floats, type Tensor } from '../kernel/tensor.js';
import { foldScaleShift } from './fold-scale-shift.js';

const TOLERANCE = 2e-6;

function chain(op: 'Conv' | 'Gemm', steps: readonly (readonly [op: string, constant: Tensor])[]): Model {
  const input = op === 'Conv' ? [2, 3, 4, 4] : [2, 3];
  const weight = op === 'Conv' ? [5, 3, 2, 2] : [3, 5];
  return buildModel({ inputs: [value('x', 'float32', input)], outputs: [{ name: 'y' }] }, (edit) => {
    edit.add({ name: 'layer', op, inputs: ['x', edit.constant('w', noise(weight))], outputs: ['h0'] });
    steps.forEach(([step, constant], i) => {
      const output = i === steps.length - 1 ? 'y' : `h${i + 1}`;
      edit.add({ op: step, inputs: [`h${i}`, edit.constant(`c${i}`, constant)], outputs: [output] });
    });
  });
}

describe('fold-scale-shift', () => {
  it('folds a batch normalization that was written out', async () => {
    const channel = [1, 5, 1, 1];
    const steps = [
      ['Sub', noise(channel, 2)],
      ['Div', positive(channel, 3)],
      ['Mul', noise([5, 1, 1], 4)],
      ['Add', noise(channel, 5)],
    ] as const;
    const { apart, changes, ops } = await prove(chain('Conv', steps), foldScaleShift);
    expect({ changes, ops }).toEqual({ changes: 4, ops: ['Conv'] });
    expect(apart).toBeLessThan(TOLERANCE);
  });

  it('folds rows into Gemm', async () => {
    const steps = [
      ['Mul', positive([5], 2)],
      ['Add', noise([1, 5], 3)],
    ] as const;
    const { apart, ops } = await prove(chain('Gemm', steps), foldScaleShift);
    expect(ops).toEqual(['Gemm']);
    expect(apart).toBeLessThan(TOLERANCE);
  });

  it('leaves scalars, and constants along other axes', async () => {
    const scalar = await prove(chain('Conv', [['Mul', floats([3], [])]]), foldScaleShift);
    const along = await prove(chain('Conv', [['Mul', noise([1, 1, 1, 3])]]), foldScaleShift);
    const column = await prove(chain('Gemm', [['Add', noise([2, 1])]]), foldScaleShift);
    expect([scalar.changes, along.changes, column.changes]).toEqual([0, 0, 0]);
  });
});
