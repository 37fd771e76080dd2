import { describe, expect, it } from 'vitest';
import { float16ToNumber, numberToFloat16, roundHalfEven } from './float16.js';

describe('float16', () => {
  it('gives every one of the 65,536 bit patterns back', () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = float16ToNumber(bits);
      if (!Number.isNaN(value)) expect(numberToFloat16(value)).toBe(bits);
    }
  });

  it('rounds to nearest, ties to even', () => {
    expect(numberToFloat16(1 + 2 ** -11)).toBe(0x3c00);
    expect(numberToFloat16(1 + 3 * 2 ** -11)).toBe(0x3c02);
    expect(numberToFloat16(2 - 2 ** -12)).toBe(0x4000);
    expect(numberToFloat16(2 ** -26)).toBe(0);
  });

  it('overflows to infinity where rounding leaves the range', () => {
    expect(numberToFloat16(65519.99)).toBe(0x7bff);
    expect(numberToFloat16(-65520)).toBe(0xfc00);
  });
});

describe('roundHalfEven', () => {
  it.each([
    [0.5, 0],
    [1.5, 2],
    [2.5, 2],
    [-0.5, -0],
    [-1.5, -2],
    [2.4999, 2],
    [-2.6, -3],
  ])('%f -> %i', (value, rounded) => {
    expect(roundHalfEven(value) + 0).toBe(rounded + 0);
  });
});
