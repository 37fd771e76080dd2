import { describe, expect, it } from 'vitest';
import { toNumbers } from '../kernel/tensor.js';
import type { ModelInput } from './model-inputs.js';
import { nextTokens, type Sequence, sequenceInputs, sequencePlan } from './sequence-plan.js';

const matrix = (name: string, length: number | string = 'T', dtype: ModelInput['dtype'] = 'int64'): ModelInput => ({
  name,
  dtype,
  shape: ['N', length],
});

function planOf(inputs: readonly ModelInput[], padId?: number) {
  const plan = sequencePlan(inputs, padId);
  if (!plan) throw new Error('no sequence model');
  return plan;
}

const feed = (inputs: readonly ModelInput[], sequence: Sequence, padId?: number) =>
  Object.fromEntries(
    Object.entries(sequenceInputs(planOf(inputs, padId), sequence, 's')).map(([name, value]) => [
      name,
      [value.dims[1], ...Array.from(toNumbers(value))],
    ]),
  );

describe('sequenceInputs', () => {
  const encoder = ['input_ids', 'attention_mask', 'token_type_ids', 'position_ids'];

  it('keeps the length of the text, and fills what it does not have', () => {
    expect(
      feed(
        encoder.map((name) => matrix(name)),
        { ids: [5, 6, 7] },
      ),
    ).toEqual({
      input_ids: [3, 5, 6, 7],
      attention_mask: [3, 1, 1, 1],
      token_type_ids: [3, 0, 0, 0],
      position_ids: [3, 0, 1, 2],
    });
  });

  it('pads to a fixed length, masked', () => {
    const inputs = encoder.slice(0, 3).map((name) => matrix(name, 5));
    expect(feed(inputs, { ids: [5, 6], mask: [0, 1], typeIds: [0, 1] }, 9)).toEqual({
      input_ids: [5, 5, 6, 9, 9, 9],
      attention_mask: [5, 0, 1, 0, 0, 0],
      token_type_ids: [5, 0, 1, 0, 0, 0],
    });
  });

  it('gives a mask of floats to a model that takes one', () => {
    const plan = planOf([matrix('input_ids'), matrix('attention_mask', 'T', 'float32')]);
    expect(sequenceInputs(plan, { ids: [1] }, 's').attention_mask.dtype).toBe('float32');
  });

  it('takes the only matrix of integers for the ids, whatever its name', () => {
    expect(feed([matrix('x', 'T', 'int32')], { ids: [3] })).toEqual({ x: [1, 3] });
    expect(sequencePlan([matrix('x', 'T', 'float32')])).toBeUndefined();
  });

  it('refuses texts that do not fit, and inputs that text cannot fill', () => {
    expect(() => feed([matrix('input_ids', 2)], { ids: [1, 2, 3] }, 0)).toThrow('has 3 tokens, the model takes 2');
    expect(() => feed([matrix('input_ids', 4)], { ids: [1, 2, 3] })).toThrow('no padding token is known');
    expect(() => feed([matrix('input_ids')], { ids: [] })).toThrow('has no tokens');
    expect(() => planOf([{ name: 'input_ids', dtype: 'int64', shape: [4, 'T'] }])).toThrow('takes 4 samples');
    expect(() => planOf([matrix('input_ids'), matrix('past_key_values.0.key')])).toThrow('key-value cache');
  });
});

describe('nextTokens', () => {
  it('labels each position with what follows, and masks the end', () => {
    expect(nextTokens(planOf([matrix('input_ids')]), { ids: [4, 5, 6] }, 's')).toEqual([5, 6, -100]);
    const fixed = planOf([matrix('input_ids', 6)], 0);
    expect(nextTokens(fixed, { ids: [4, 5, 6] }, 's')).toEqual([5, 6, -100, -100, -100, -100]);
  });

  it('tells padding by the mask, or at the end by its id', () => {
    const plan = planOf([matrix('input_ids')], 0);
    expect(nextTokens(plan, { ids: [4, 0, 6, 0, 0] }, 's')).toEqual([0, 6, -100, -100, -100]);
    expect(nextTokens(plan, { ids: [4, 0, 6, 0], mask: [1, 1, 1, 1] }, 's')).toEqual([0, 6, 0, -100]);
  });
});
