import { describe, expect, it } from 'vitest';
import { augmentedScores, interactionsOf } from './augmented.js';
import { createDamageModel } from './damage-source.js';
import { inContext } from './in-context.js';
import type { Perturbation } from './perturbations.js';
import { symmetric } from './symmetric-matrix.js';

type F = 'float' | 'w8a8';
const ITEMS = ['a', 'b', 'c'];
const PERTURBATIONS = ITEMS.map((item): Perturbation<F> => ({ item, format: 'w8a8' }));
/** Below the diagonal: b with a, c with a, c with b. */
const TOGETHER = [[2], [1, 4], [-3, 0.5, 6]];
const model = createDamageModel<F>({
  perturbations: PERTURBATIONS,
  unchanged: ['float'],
  source: { kind: 'curvature', curvature: symmetric(3, (row, column) => TOGETHER[row][column]) },
});
const scored = PERTURBATIONS.map((each, at) => ({ ...each, score: [1, 2, 3][at] }));
const interaction = interactionsOf(model);

describe('augmentedScores', () => {
  it('reads interactions from a damage model', () => {
    expect(interaction('w8a8', 'a', 'b')).toBe(1);
    expect(interaction('w8a8', 'c', 'a')).toBe(-3);
  });

  it('gives each item half of what it does with each other one', () => {
    const scores = augmentedScores(scored, interaction);
    expect(scores).toEqual({ a: { w8a8: 1 - 1 }, b: { w8a8: 2 + 0.75 }, c: { w8a8: 3 - 1.25 } });
    const everything = new Map(ITEMS.map((item) => [item, 'w8a8'] as const));
    const total = ITEMS.reduce((sum, item) => sum + (scores[item].w8a8 ?? 0), 0);
    expect(total).toBe(model.damage(everything));
  });

  it('is the sensitivities alone when lambda is 0', () => {
    expect(augmentedScores(scored, interaction, { lambda: 0 })).toEqual({
      a: { w8a8: 1 },
      b: { w8a8: 2 },
      c: { w8a8: 3 },
    });
  });

  it('normalises each kind by its own, and takes interactions by their signs or not', () => {
    const options = { lambda: 1, normalisation: 'max', signs: 'magnitude' } as const;
    const { a } = augmentedScores(scored, interaction, options);
    expect(a.w8a8).toBeCloseTo(1 / 3 + (1 + 3) / 3, 12);
    const positive = augmentedScores(scored, interaction, { lambda: 1, signs: 'positive' });
    expect(positive.c.w8a8).toBe(3 + 0.5);
  });
});

describe('inContext', () => {
  it('is right where it was measured, and its interactions stay', () => {
    const around = new Map<string, F>([
      ['a', 'w8a8'],
      ['b', 'float'],
      ['c', 'float'],
    ]);
    const changed = [{ item: 'b', format: 'w8a8' as const, damage: 9 }];
    const near = inContext(model, { assignment: around, damage: 5, changed });
    const next = new Map(around).set('b', 'w8a8');
    expect(near.damage(around)).toBe(5);
    expect(near.damage(next)).toBe(9);
    expect(near.change(around, 'b', 'w8a8')).toBe(4);
    const both = new Map(next).set('c', 'w8a8');
    expect(near.damage(both) - near.damage(next)).toBeCloseTo(model.damage(both) - model.damage(next), 12);
    const support = near.support?.(next);
    const at = [...next].reduce(
      (total, [item, format]) => total + (support?.slope(item, format) ?? 0),
      support?.constant ?? 0,
    );
    expect(at).toBeCloseTo(9, 12);
  });
});
