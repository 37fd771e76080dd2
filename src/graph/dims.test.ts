import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Dim } from '../kernel/shape.js';
import { broadcast, difference, product, quotient, sum } from './dims.js';

const sizes: Readonly<Record<string, number>> = { batch: 3, sequence: 7, width: 11 };

/** What a dimension is when its names have these sizes. */
function sizeOfDim(dim: Dim): number {
  if (typeof dim === 'number') return dim;
  return (dim ?? '').split('*').reduce((total, part) => total * (sizes[part] ?? Number(part)), 1);
}

const dim = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constantFrom('batch', 'sequence', 'width', '4*batch'));

describe('dimensions', () => {
  it('multiply as their sizes do', () => {
    fc.assert(
      fc.property(fc.array(dim, { maxLength: 5 }), (dims) => {
        expect(sizeOfDim(product(dims))).toBe(dims.reduce<number>((total, item) => total * sizeOfDim(item), 1));
      }),
    );
  });

  it('divide back to what was multiplied', () => {
    fc.assert(
      fc.property(dim, dim, dim, (a, b, c) => {
        expect(quotient(product([a, b, c]), product([c, a]))).toEqual(product([b]));
      }),
    );
  });

  it('do not divide where a rest or a name would be left', () => {
    expect([quotient('batch', 2), quotient('batch', 'sequence'), quotient(7, 2), quotient(4, 0)]).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });

  it('know sums and differences of numbers and single names', () => {
    expect([sum(2, 3), sum('past', 'now'), sum(0, 'now'), sum('a*b', 1)]).toEqual([5, '(past+now)', 'now', null]);
    expect([difference(5, 3), difference('n', 'n'), difference('n', 1)]).toEqual([2, 0, null]);
  });

  it('broadcast names against ones and numbers', () => {
    expect(broadcast([['batch', 1, 'sequence'], [8, 1], []])).toEqual(['batch', 8, 'sequence']);
    expect(broadcast([['a'], ['b'], [1]])).toEqual([null]);
    expect(broadcast([[null], [4]])).toEqual([4]);
  });
});
