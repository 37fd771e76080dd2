import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { delimited, flatten, replaceFields, rope, wireFields } from './wire.js';

const bytes = (...values: readonly number[]) => Uint8Array.from(values);

describe('wireFields', () => {
  it('finds each kind of field', () => {
    const message = bytes(0x08, 0x96, 0x01, 0x12, 0x02, 7, 8, 0x1d, 1, 2, 3, 4, 0x21, 1, 2, 3, 4, 5, 6, 7, 8);
    const fields = [...wireFields(message)].map(({ number, wireType, body, end }) => [number, wireType, body, end]);
    expect(fields).toEqual([
      [1, 0, 1, 3],
      [2, 2, 5, 7],
      [3, 5, 8, 12],
      [4, 1, 13, 21],
    ]);
  });

  it('steps over groups, nested ones too', () => {
    const group = bytes(0x0b, 0x13, 0x08, 0x01, 0x14, 0x0c);
    expect([...wireFields(bytes(...group, 0x10, 0x01))].map(({ number }) => number)).toEqual([1, 2]);
  });

  it.each([
    ['a field longer than the message', bytes(0x0a, 0x05, 1, 2)],
    ['a number that does not end', bytes(0x08, 0x80)],
    ['a number of more than ten bytes', bytes(0x08, ...Array(11).fill(0x80))],
    ['field number 0', bytes(0x00, 0x01)],
    ['a wire type that there is not', bytes(0x0f)],
    ['a group that does not end', bytes(0x0b, 0x08, 0x01)],
  ])('refuses %s', (_, message) => {
    expect(() => [...wireFields(message)]).toThrow(RangeError);
  });
});

describe('replaceFields', () => {
  it('changes the fields it is asked to and keeps the rest as they were', () => {
    const message = bytes(0x08, 0x01, 0x12, 0x01, 9, 0x18, 0x02);
    const replaced = replaceFields(message, ({ number }) =>
      number === 2 ? delimited(2, rope(bytes(1, 2))) : undefined,
    );
    expect(replaced && [...flatten(replaced)]).toEqual([0x08, 0x01, 0x12, 0x02, 1, 2, 0x18, 0x02]);
  });

  it('answers nothing where nothing was replaced', () => {
    expect(replaceFields(bytes(0x08, 0x01), () => undefined)).toBeUndefined();
  });

  it('writes lengths and numbers that it reads back', () => {
    const field = fc.record({
      number: fc.integer({ min: 1, max: 2 ** 29 - 1 }),
      length: fc.integer({ min: 0, max: 70_000 }),
    });
    fc.assert(
      fc.property(field, ({ number, length }) => {
        const [read] = [...wireFields(flatten(delimited(number, rope(new Uint8Array(length)))))];
        expect([read.number, read.end - read.body]).toEqual([number, length]);
      }),
    );
  });
});
