import { describe, expect, it } from 'vitest';
import { Builder } from '../../src/autodiff/builder.js';
import { withEdges } from '../../src/autodiff/edges.js';
import { add, matmul, mul } from '../../src/autodiff/ops.js';
import {
  cotangentOf,
  gradientOf,
  type HessianMode,
  hvp,
  jvp,
  productOf,
  tangentOf,
  vjp,
} from '../../src/autodiff/products.js';
import type { Program } from '../../src/autodiff/program.js';
import type { Tensor } from '../../src/kernel/tensor.js';
import { runOnce } from './compiled.js';
import { apart, combination, normal } from './directions.js';
import { weightOf, withFunctional } from './subject.js';

const H = { name: 'h', dtype: 'float64', shape: [2, 3] } as const;
const INPUTS = [
  { ...H, name: 'x' },
  { ...H, name: 'w', shape: [3, 3] },
] as const;
const POINT = normal(INPUTS, 1);
const { h: DIRECTION } = normal([H], 2);
const { h: COTANGENT } = normal([H], 3);
const ZERO = combination(-1, { h: DIRECTION }, { h: DIRECTION }).h;

/** y = sin(h) w + h tanh(h), where h = exp(x); what `shifted` names is moved by an input `shift`. */
function program(shifted?: 'value' | 'edge'): Program {
  const b = new Builder();
  const [x, w] = INPUTS.map((input) => b.input(input.name, input));
  const moved = (at: 'value' | 'edge', term: typeof x) => (at === shifted ? add(b, term, shift) : term);
  const shift = b.input('shift', H);
  b.origin = 'maker';
  const h = moved('value', b.one('Exp', [x], {}));
  b.setValue('h', h);
  b.setValue('shift', shift);
  b.origin = 'first';
  const first = matmul(b, b.one('Sin', [moved('edge', h)], {}), w);
  b.origin = 'second';
  return b.finish(new Map([['y', add(b, first, mul(b, h, b.one('Tanh', [h], {})))]]));
}

const EDGE = { name: 'edge', node: 'first', value: 'h' };

/** A product of the program's derivatives by this value, at the same point and directions for all. */
async function product(derived: Program, name: string, result: string): Promise<Tensor> {
  const feeds = {
    ...POINT,
    shift: ZERO,
    [tangentOf(name)]: DIRECTION,
    [cotangentOf('y')]: COTANGENT,
    [weightOf('y')]: COTANGENT,
  };
  return (await runOnce(derived, feeds, 'float64'))[result];
}

describe.each([
  ['a value in the middle', program(), 'h', program('value')],
  ['what one node reads of it', withEdges(program(), [EDGE]), 'edge', program('edge')],
])('a derivative by %s', (_, plain, name, shifted) => {
  const expectEqual = async (derive: (at: string, of: Program) => Program, result: (at: string) => string) => {
    const found = await product(derive(name, plain), name, result(name));
    const wanted = await product(derive('shift', shifted), 'shift', result('shift'));
    expect(apart({ found }, { found: wanted })).toBeLessThan(1e-14);
  };

  it('is that by a shift added there: J v', () =>
    expectEqual(
      (at, of) => jvp(of, [at], ['y']),
      () => tangentOf('y'),
    ));

  it("is that by a shift added there: J' u", () => expectEqual((at, of) => vjp(of, [at], ['y']), gradientOf));

  it.each<HessianMode>(['forward-over-reverse', 'reverse-over-forward', 'reverse-over-reverse'])(
    'is that by a shift added there: H v, %s',
    (mode) => expectEqual((at, of) => hvp(withFunctional(of, ['y']), [at], mode), productOf),
  );
});

describe('the two', () => {
  it('differ where a value has several readers', async () => {
    const whole = await product(vjp(program(), ['h'], ['y']), 'h', gradientOf('h'));
    const edge = await product(vjp(withEdges(program(), [EDGE]), ['edge'], ['y']), 'edge', gradientOf('edge'));
    expect(apart({ whole }, { whole: edge })).toBeGreaterThan(0.01);
  });
});
