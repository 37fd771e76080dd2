import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, rowKey } from './canonical.js';
import type { Key } from './result-kind.js';

const json = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)));
const key: fc.Arbitrary<Key> = fc.dictionary(fc.string(), json);

function reversed(key: Key): Key {
  return Object.fromEntries(Object.entries(key).reverse());
}

describe('rowKey', () => {
  it('does not depend on the order of properties, at any depth', () => {
    fc.assert(
      fc.property(key, key, (outer, inner) => {
        const one = { ...outer, inner, list: [inner] };
        const other = { ...reversed(outer), list: [reversed(inner)], inner: reversed(inner) };
        expect(rowKey('a', other)).toEqual(rowKey('a', one));
      }),
    );
  });

  it('tells values apart: its text reads back as the value', () => {
    fc.assert(
      fc.property(key, (value) => {
        expect(JSON.parse(rowKey('a', value).json)).toEqual(value);
      }),
    );
  });

  it('tells kinds apart', () => {
    expect(rowKey('a', { x: 1 }).hash).not.toBe(rowKey('b', { x: 1 }).hash);
  });

  it.each([
    [1, '1'],
    [
      [1, 2],
      [2, 1],
    ],
    [null, 0],
    ['', null],
    [{ a: 1 }, { a: 1, b: null }],
    [[[]], []],
    [true, 'true'],
  ])('tells %j from %j', (a, b) => {
    expect(rowKey('k', { value: a }).hash).not.toBe(rowKey('k', { value: b }).hash);
  });

  it('keeps the order of a list', () => {
    expect(canonicalJson([2, 1])).toBe('[2,1]');
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses %s, which JSON would write as null', (value) => {
    expect(() => rowKey('k', { value })).toThrow(/JSON cannot say/);
  });

  it('takes a property that is undefined for absent', () => {
    const options: { readonly a: number; readonly b?: number } = { a: 1 };
    expect(canonicalJson({ ...options })).toBe('{"a":1}');
  });
});
