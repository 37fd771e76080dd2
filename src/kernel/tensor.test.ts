import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteLength } from './dtype.js';
import { fromNumbers, type NumericDType, tensor, toFloat32, toNumbers } from './tensor.js';

const RANGES: readonly (readonly [NumericDType, number, number])[] = [
  ['int2', -2, 1],
  ['uint2', 0, 3],
  ['int4', -8, 7],
  ['uint4', 0, 15],
  ['int8', -128, 127],
  ['uint8', 0, 255],
  ['int16', -32768, 32767],
  ['uint16', 0, 65535],
  ['int32', -(2 ** 31), 2 ** 31 - 1],
  ['int64', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  ['float16', -2048, 2048],
  ['float32', -(2 ** 24), 2 ** 24],
];

describe('tensors', () => {
  it.each(RANGES)('%s holds its values from %d to %d', (dtype, min, max) => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min, max }), { maxLength: 20 }), (values) => {
        const made = fromNumbers(dtype, [values.length], values);
        expect(made.bytes.length).toBe(byteLength(dtype, values.length));
        expect(Array.from(toNumbers(made))).toEqual(values);
      }),
    );
  });

  it('reads bytes that are not aligned', () => {
    const bytes = new Uint8Array(9);
    new DataView(bytes.buffer).setFloat32(1, 1.5, true);
    new DataView(bytes.buffer).setFloat32(5, -2, true);
    expect([...toFloat32({ dtype: 'float32', dims: [2], bytes: bytes.subarray(1) })]).toEqual([1.5, -2]);
  });

  it('refuses data of another size than its dims', () => {
    expect(() => tensor('float32', [3], new Float32Array(2))).toThrow('needs 12 bytes, has 8');
  });
});
