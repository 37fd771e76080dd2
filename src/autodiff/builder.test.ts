import { describe, expect, it } from 'vitest';
import { floats } from '../kernel/tensor.js';
import { Builder } from './builder.js';
import { add, expand, mul, neg, permute, reshape, scale, sum } from './ops.js';

const MATRIX = { dtype: 'float32', shape: [2, 3] } as const;

describe('a builder', () => {
  it('does not write what stands already', () => {
    const b = new Builder();
    const x = b.input('x', MATRIX);
    expect(mul(b, x, x)).toBe(mul(b, x, x));
    expect(b.equations).toHaveLength(1);
  });

  it('goes on where a program ends, and knows what stands there', () => {
    const first = new Builder();
    const product = mul(first, first.input('x', MATRIX), first.scalar(2));
    const b = Builder.from(first.finish(new Map([['y', product]])));
    const [x] = b.equations[0].inputs;
    expect(mul(b, x, b.scalar(2))).toEqual(product);
    expect(b.equations).toHaveLength(1);
  });

  it('names terms after the node that they come from, each once', () => {
    const b = new Builder();
    b.origin = 'conv1';
    const x = b.input('x', MATRIX);
    expect([neg(b, x).name, neg(b, mul(b, x, x)).name]).toEqual(['conv1/Neg', 'conv1/Neg_2']);
  });

  it('refuses an input whose name is taken', () => {
    const b = new Builder();
    b.input('x', MATRIX);
    expect(() => b.input('x', MATRIX)).toThrow('the name x is taken');
  });

  it('drops what no output needs', () => {
    const b = new Builder();
    const x = b.input('x', MATRIX);
    b.input('unread', MATRIX);
    mul(b, x, b.constant(floats([1, 2, 3])));
    const program = b.finish(new Map([['y', neg(b, x)]]));
    expect(program.inputs.map(({ name }) => name)).toEqual(['x']);
    expect(program.equations.map(({ op }) => op)).toEqual(['Neg']);
    expect(program.constants.size).toBe(0);
  });

  it('refuses to finish with a variable that nobody feeds', () => {
    const b = new Builder();
    const open = new Map([['y', neg(b, b.variable(MATRIX))]]);
    expect(() => b.finish(open)).toThrow('nothing makes variable');
  });
});

describe('what is plain to see is not written', () => {
  const b = new Builder();
  const x = b.input('x', MATRIX);

  it.each([
    ['x + 0', add(b, x, b.scalar(0))],
    ['0 + x', add(b, b.scalar(0), x)],
    ['x * 1', mul(b, x, b.scalar(1))],
    ['--x', neg(b, neg(b, x))],
    ['a reshape and back', reshape(b, reshape(b, x, [6]), [2, 3])],
    ['a transposition and back', permute(b, permute(b, x, [1, 0]), [1, 0])],
    ['a sum over nothing', sum(b, x, [])],
  ])('%s', (_, result) => {
    expect(result).toBe(x);
  });

  it('broadcasting does what an Expand before it would do', () => {
    const b = new Builder();
    const [x, row] = [b.input('x', MATRIX), b.input('row', { dtype: 'float32', shape: [1, 3] })];
    const product = mul(b, expand(b, row, [2, 3]), x);
    expect(b.producer(product)?.inputs).toEqual([row, x]);
    const widened = add(b, expand(b, row, [2, 3]), row);
    expect(widened.shape).toEqual([2, 3]);
    expect(b.producer(widened)?.inputs[1]).toEqual(row);
  });

  it('a transposition that moves axes of size 1 only is a reshape', () => {
    const b = new Builder();
    const x = b.input('x', { dtype: 'float32', shape: [1, 2, 3] });
    expect(b.producer(permute(b, x, [1, 0, 2]))?.op).toBe('Reshape');
    expect(b.producer(permute(b, x, [0, 2, 1]))?.op).toBe('Transpose');
  });

  it('1 + x that broadens the 1 is written', () => {
    const row = b.input('row', { dtype: 'float32', shape: [3] });
    const ones = b.constant(floats([0, 0, 0, 0, 0, 0], [2, 3]));
    expect(add(b, row, ones).shape).toEqual([2, 3]);
  });

  it('two factors are one', () => {
    const twice = scale(b, scale(b, x, 2), 3);
    expect(b.producer(twice)?.inputs[1]).toEqual(b.scalar(6));
  });
});
