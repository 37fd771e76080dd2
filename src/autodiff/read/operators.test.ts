import { describe, expect, it } from 'vitest';
import { OPERATOR_CASES, titled } from '../../../test/support/operator-cases.js';
import { oneNode, readBack } from '../../../test/support/read-back.js';

/** Relative to the largest magnitude: what float32 and another order of summation explain. */
const NEAR = 2e-6;

/** Operators of which a part stays as it is. */
const PARTLY: Readonly<Record<string, readonly string[]>> = {
  TopK: ['TopK'],
  GatherND: ['Mod'],
  ScatterND: ['Mod'],
};

describe.each(Object.entries(OPERATOR_CASES))('%s in primitives', (_, cases) => {
  it.each(cases.map(titled))('$title computes the same', async ({ op, operands, attributes, outputs }) => {
    const { model, feeds } = oneNode(op, operands, attributes, outputs);
    const { carried, apart } = await readBack(model, feeds);
    expect(carried).toEqual(PARTLY[op] ?? []);
    expect(apart).toBeLessThan(NEAR);
  });
});
