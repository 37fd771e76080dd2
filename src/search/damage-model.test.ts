import { describe, expect, it } from 'vitest';
import { additive } from './damage-model.js';

const SCORES: Readonly<Record<string, number>> = { 'a float': 0, 'a w8a8': 0.5, 'b float': 0, 'b w8a8': 0.25 };
const model = additive((item: string, format: string) => SCORES[`${item} ${format}`]);
const assignment = new Map([
  ['a', 'float'],
  ['b', 'w8a8'],
]);

describe('additive', () => {
  it('sums what each item does alone', () => {
    expect(model.damage(assignment)).toBe(0.25);
  });

  it('changes by the difference of the two damages', () => {
    const next = new Map(assignment).set('a', 'w8a8');
    expect(model.change(assignment, 'a', 'w8a8')).toBe(model.damage(next) - model.damage(assignment));
    expect(model.change(next, 'a', 'float')).toBe(model.damage(assignment) - model.damage(next));
  });

  it('is its own support', () => {
    const support = model.support?.(assignment);
    expect(support?.constant).toBe(0);
    expect(support?.slope('a', 'w8a8')).toBe(0.5);
  });
});
