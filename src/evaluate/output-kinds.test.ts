import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { value } from '../graph/build.js';
import { floats } from '../kernel/tensor.js';
import { mergeMoments, momentsOf, NO_MOMENTS, spreadOf } from './moments.js';
import { defaultRoles, kindsOf, mergeProfiles, profileOf } from './output-kinds.js';

describe('defaultRoles', () => {
  const classes = value('y', 'float32', ['N', 10]);

  it.each([
    ['a single output of classes', [classes], { y: 'scores' }],
    ['a single output of tokens', [value('y', 'float32', ['N', 'T', 50])], { y: 'scores' }],
    ['a single real number', [value('y', 'float32', ['N', 1])], { y: 'regression' }],
    ['an image', [value('y', 'float32', ['N', 3, 8, 8])], { y: 'regression' }],
    ['two outputs', [classes, value('z', 'float32', ['N', 4])], { y: 'regression', z: 'regression' }],
    [
      'logits beside states',
      [value('states', 'float32', ['N', 4]), { ...classes, name: 'logits' }],
      { logits: 'scores' },
    ],
    ['a decoder with a cache', [classes, value('present.0.key', 'float32', ['N', 2, 'T', 8])], { y: 'scores' }],
    ['indices beside classes', [classes, value('best', 'int64', ['N'])], { y: 'scores' }],
    ['nothing real', [value('best', 'int64', ['N'])], {}],
  ])('of %s', (_, outputs, roles) => {
    expect(defaultRoles(outputs)).toEqual(roles);
  });
});

describe('kindsOf', () => {
  const profile = (...values: number[]) => profileOf(floats(values, [1, values.length]), momentsOf(values));

  it('takes scores for probabilities only if every part of the set says so', () => {
    const chances = { y: profile(0.2, 0.8) };
    const logits = { y: profile(0.2, 0.9) };
    expect(kindsOf({ y: 'scores' }, mergeProfiles(chances, chances))).toEqual({ y: { kind: 'probabilities' } });
    expect(kindsOf({ y: 'scores' }, mergeProfiles(chances, logits))).toEqual({ y: { kind: 'logits' } });
    expect(kindsOf({ y: 'scores' }, { y: profile(-0.2, 1.2) })).toEqual({ y: { kind: 'logits' } });
  });

  it('measures real values against their variance, and a constant against itself', () => {
    expect(kindsOf({ y: 'regression' }, { y: profile(1, 3) })).toEqual({ y: { kind: 'regression', variance: 1 } });
    expect(spreadOf(momentsOf([3, 3]))).toBe(9);
    expect(spreadOf(momentsOf([0, 0]))).toBe(1);
  });
});

it('moments of two parts merge into those of the whole', () => {
  const anyValues = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(anyValues, anyValues, (a, b) => {
      const whole = momentsOf([...a, ...b]);
      const merged = mergeMoments(mergeMoments(NO_MOMENTS, momentsOf(a)), momentsOf(b));
      expect(merged.count).toBe(whole.count);
      expect(merged.mean).toBeCloseTo(whole.mean, 8);
      expect(Math.abs(merged.squares - whole.squares)).toBeLessThanOrEqual(1e-9 * (whole.squares + 1));
    }),
  );
});
