import { describe, expect, it } from 'vitest';
import { noise } from '../../../test/support/prove-equal.js';
import { runGraph } from '../../../test/support/run-model.js';
import { floats, ints, toNumbers } from '../../kernel/tensor.js';
import { Builder } from '../builder.js';
import { add, mul } from '../ops.js';
import { toModel } from './to-model.js';

describe('toModel', () => {
  it('keeps the names of inputs and outputs', async () => {
    const b = new Builder();
    const x = b.input('x', { dtype: 'float32', shape: [2] });
    const sum = add(b, x, b.constant(floats([1, 2]), 'w'));
    const model = toModel(
      b.finish(
        new Map([
          ['sum', sum],
          ['again', sum],
          ['given', x],
          ['fixed', b.constant(floats([1, 2]), 'w')],
        ]),
      ),
    );
    expect(model.graph.nodes.map(({ op }) => op)).toEqual(['Add', 'Expand', 'Expand', 'Expand', 'Expand']);
    const results = await runGraph(model, { x: floats([3, 4]) });
    expect(Object.keys(results)).toEqual(['sum', 'again', 'given', 'fixed']);
    expect(Array.from(toNumbers(results.again))).toEqual([4, 6]);
    expect(Array.from(toNumbers(results.fixed))).toEqual([1, 2]);
  });

  it('lets an output have a name that a term inside has', async () => {
    const b = new Builder();
    const x = b.input('x', { dtype: 'float32', shape: [2] });
    const inner = add(b, x, b.scalar(1));
    const outer = mul(b, inner, inner);
    const results = await runGraph(toModel(b.finish(new Map([[inner.name, outer]]))), { x: floats([3, 4]) });
    expect(Array.from(toNumbers(results[inner.name]))).toEqual([16, 25]);
  });

  it('shares the bytes of constants', () => {
    const b = new Builder();
    const x = b.input('x', { dtype: 'float32', shape: [2, 3] });
    const w = noise([3, 100]);
    const y = b.one('MatMul', [x, b.constant(w, 'w')], { transA: false, transB: false });
    expect(toModel(b.finish(new Map([['y', y]]))).graph.initializers.get('w')).toBe(w);
  });

  it('writes a carried node with the inputs that it leaves out', async () => {
    const b = new Builder();
    const x = b.input('x', { dtype: 'float32', shape: [2] });
    const [y] = b.all('Opaque', [x, b.scalar(2)], {
      op: 'Clip',
      domain: '',
      attributes: new Map(),
      absent: [1],
      outputs: [x],
    });
    const results = await runGraph(toModel(b.finish(new Map([['y', y]]))), { x: floats([3, -4]) });
    expect(Array.from(toNumbers(results.y))).toEqual([2, -4]);
  });

  it('adds what is scattered to the same place', async () => {
    const b = new Builder();
    const x = b.input('x', { dtype: 'float32', shape: [2, 4] });
    const y = b.one('ScatterAdd', [x, b.constant(ints([1, 0, 1, 1], [4]))], { axis: 1, size: 3 });
    const results = await runGraph(toModel(b.finish(new Map([['y', y]]))), {
      x: floats([1, 2, 3, 4, 5, 6, 7, 8], [2, 4]),
    });
    expect(Array.from(toNumbers(results.y))).toEqual([2, 8, 0, 6, 20, 0]);
  });
});
