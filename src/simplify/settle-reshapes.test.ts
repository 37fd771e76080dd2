import { describe, expect, it } from 'vitest';
import { noise, prove } from '../../test/support/prove-equal.js';
import { buildModel, value } from '../graph/build.js';
import type { Model } from '../graph/model.js';
import { ints, toNumbers } from '../kernel/tensor.js';
import { settleReshapes } from './settle-reshapes.js';

/** Reshapes [batch, sequence, 12] to dimensions picked from its shape (by axis) and given (as -1, 3 ...). */
function reshaped(parts: readonly ({ readonly axis: number } | number)[]): Model {
  const head = { inputs: [value('x', 'float32', ['batch', 'sequence', 12])], outputs: [{ name: 'y' }] };
  return buildModel(head, (edit) => {
    const shape = edit.add({ op: 'Shape', inputs: ['x'] });
    const pieces = parts.map((part) => {
      if (typeof part === 'number') return edit.constant('given', ints([part]));
      return edit.add({ op: 'Gather', inputs: [shape, edit.constant('axis', ints([part.axis]))] });
    });
    const target = edit.add({ op: 'Concat', inputs: pieces, attributes: { axis: 0 } });
    edit.add({ name: 'reshape', op: 'Reshape', inputs: ['x', target], outputs: ['y'] });
  });
}

const [batch, sequence] = [{ axis: 0 }, { axis: 1 }];

describe('settle-reshapes', () => {
  it.each([
    ['the heads of attention', [batch, sequence, 3, 4], [0, 0, 3, 4]],
    ['a size left to be found', [batch, -1, 6], [0, -1, 6]],
    ['a dimension that moved', [3, sequence, batch, 4], [3, 0, -1, 4]],
  ] as const)('settles %s, for every size', async (_, parts, target) => {
    const model = reshaped(parts);
    for (const dims of [
      [2, 5, 12],
      [3, 1, 12],
    ]) {
      const { apart, changes, after } = await prove(model, settleReshapes, { x: noise(dims) });
      expect({ apart, changes }).toEqual({ apart: 0, changes: 1 });
      const constant = after.graph.initializers.get('reshape_shape');
      expect(constant && Array.from(toNumbers(constant))).toEqual(target);
    }
  });

  it('leaves a target in which two dimensions moved', async () => {
    const { changes, notes } = await settleReshapes.run(reshaped([sequence, batch, 12]));
    expect({ changes, notes }).toEqual({
      changes: 0,
      notes: ['reshape: more than one dimension of its target varies'],
    });
  });
});
