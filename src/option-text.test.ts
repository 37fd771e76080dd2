import { describe, expect, it } from 'vitest';
import { parseBytes, parseDays, parseForced } from './option-text.js';

describe('parseBytes', () => {
  it.each([
    ['4GiB', 4 * 2 ** 30],
    ['512MB', 512e6],
    ['2g', 2 ** 31],
    ['1.5k', 1536],
    ['1000', 1000],
    ['64 b', 64],
  ])('reads %s', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  it.each(['', 'GiB', '-1', '4XB', '1e9'])('refuses %j', (text) => {
    expect(() => parseBytes(text)).toThrow('is no size');
  });
});

describe('parseDays', () => {
  it.each([
    ['30d', 30],
    ['12 h', 0.5],
    ['1.5W', 10.5],
  ])('reads %s', (text, days) => {
    expect(parseDays(text)).toBe(days);
  });

  it.each(['', 'd', '-1d', '30', '5m'])('refuses %j', (text) => {
    expect(() => parseDays(text)).toThrow('is no time');
  });
});

describe('parseForced', () => {
  it('separates at the last =', () => {
    expect(parseForced('a=b=float')).toEqual({ pattern: 'a=b', format: 'float' });
  });

  it('refuses a pattern without a format, and a format without a pattern', () => {
    expect(() => parseForced('Conv_0')).toThrow('is not name=format');
    expect(() => parseForced('=float')).toThrow('is not name=format');
  });
});
