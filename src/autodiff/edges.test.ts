import { expect, it } from 'vitest';
import { Builder } from './builder.js';
import { withEdges } from './edges.js';
import { add, exp, neg, sum } from './ops.js';
import { gradient } from './products.js';

const VECTOR = { dtype: 'float32', shape: [3] } as const;

/** loss = sum(-x + exp(x)): node `a` and node `b` both read x. */
function twoReaders() {
  const b = new Builder();
  const x = b.input('x', VECTOR);
  b.setValue('x', x);
  b.origin = 'a';
  const first = neg(b, x);
  b.origin = 'b';
  const second = exp(b, x);
  const total = b.one('Reshape', [sum(b, add(b, first, second))], { shape: [] });
  return b.finish(new Map([['loss', total]]));
}

it('a derivative by an edge moves what one node reads', () => {
  const program = withEdges(twoReaders(), [{ name: 'b reads x', node: 'b', value: 'x' }]);
  const derived = gradient(program, ['b reads x']);
  const slope = derived.outputs.get('gradient:b reads x');
  expect(slope?.shape).toEqual([3]);
  expect(derived.equations.map(({ op }) => op)).not.toContain('Neg');
});

it('edges from the same value to two nodes are two values', () => {
  const edges = ['a', 'b'].map((node) => ({ name: `${node} reads x`, node, value: 'x' }));
  const { equations } = withEdges(twoReaders(), edges);
  expect(equations.filter(({ op }) => op === 'Copy')).toHaveLength(2);
});

it('an edge that is not there is left out', () => {
  const program = twoReaders();
  expect(withEdges(program, [{ name: 'none', node: 'c', value: 'x' }])).toBe(program);
});
