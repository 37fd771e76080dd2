import { describe, expect, it } from 'vitest';
import { noise } from '../../test/support/prove-equal.js';
import { buildModel, value } from '../graph/build.js';
import { Builder } from './builder.js';
import { pushForward } from './forward-mode.js';
import { squaredError, withLoss } from './losses.js';
import { assertDifferentiable, independentOf } from './paths.js';
import { gaussNewton, gradient, hvp, jvp, rootProduct, vjp } from './products.js';
import type { Program } from './program.js';
import { readProgram } from './read-program.js';

/** x -> Atan -> a -> Acos -> y; x -> Floor, Mul with w -> s; v -> u. */
async function program(): Promise<Program> {
  const inputs = ['x', 'v'].map((name) => value(name, 'float32', [2, 3]));
  const outputs = ['y', 's', 'u', 'k'].map((name) => ({ name }));
  const model = buildModel({ inputs, outputs }, (edit) => {
    const a = edit.add({ op: 'Atan', name: 'turn', inputs: ['x'], outputs: ['a'] });
    edit.add({ op: 'Acos', name: 'arc', inputs: [a], outputs: ['y'] });
    const f = edit.add({ op: 'Floor', inputs: ['x'] });
    edit.add({ op: 'Mul', inputs: [f, edit.constant('w', noise([3]))], outputs: ['s'] });
    edit.add({ op: 'Exp', inputs: ['v'], outputs: ['u'] });
    edit.add({ op: 'ArgMax', inputs: ['x'], outputs: ['k'] });
  });
  return readProgram(model, { feeds: { x: noise([2, 3]), v: noise([2, 3]) } });
}

describe('assertDifferentiable', () => {
  it('names every node on the way that has no rule', async () => {
    const found = await program();
    expect(() => assertDifferentiable(found, ['x', 'v'], 'y')).toThrow(
      expect.objectContaining({
        problems: [
          expect.objectContaining({ code: 'not-differentiable', place: { node: 'turn', op: 'Atan' } }),
          expect.objectContaining({ code: 'not-differentiable', place: { node: 'arc', op: 'Acos' } }),
        ],
      }),
    );
  });

  it('does not mind what lies off the way', async () => {
    const found = await program();
    expect(() => assertDifferentiable(found, ['x', 'v', 'w'], 's')).not.toThrow();
    expect(() => assertDifferentiable(found, ['w', 'v'], 'y')).not.toThrow();
  });

  it.each<[string, (found: Program) => Program]>([
    ['J v', (found) => jvp(found, ['x', 'w'], ['s'])],
    ["J' u", (found) => vjp(found, ['x', 'w'], ['s'])],
    ['the gradient', (found) => gradient(withLoss(found, squaredError('s')), ['x', 'w'])],
    ['H v', (found) => hvp(withLoss(found, squaredError('s')), ['x', 'w'])],
    ["J' F J v", (found) => gaussNewton(withLoss(found, squaredError('s')), ['x', 'w'], squaredError('s'))],
    ["J' S u", (found) => rootProduct(withLoss(found, squaredError('s')), ['x', 'w'], squaredError('s'))],
  ])('of what it allows %s is written', async (_, derive) => {
    const derived = derive(await program());
    expect(derived.equations.map(({ origin }) => origin)).not.toContain('turn');
  });

  it('names what the program does not have or what is no float', async () => {
    const found = await program();
    expect(() => assertDifferentiable(found, ['ww'], 's')).toThrow('Did you mean w?');
    expect(() => assertDifferentiable(found, ['w'], 'k')).toThrow('int64');
  });
});

describe('independentOf', () => {
  it('tells by what a value does not change', async () => {
    const found = await program();
    expect(independentOf(found, ['x', 'v', 'w'], 'u')).toEqual(['x', 'w']);
    expect(independentOf(found, ['x', 'v', 'w'], 's')).toEqual(['x', 'v']);
    expect(independentOf(found, ['u'], 'u')).toEqual([]);
  });
});

describe('a step', () => {
  it('stops tangents', async () => {
    const found = await program();
    const b = Builder.from({ ...found, equations: found.equations.filter(({ origin }) => /Floor|Mul/.test(origin)) });
    const [x] = found.inputs;
    expect(pushForward(b, new Map([[x.name, b.input('t', x)]])).has(found.outputs.get('s')?.name ?? '')).toBe(false);
  });
});
