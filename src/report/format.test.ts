import { describe, expect, it } from 'vitest';
import { bytes, duration, facts, metricLoss, rate, roughly, significant, table, wrapped } from './format.js';

describe('figures', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [102_474_738, '102.5 MB'],
    [2.4e9, '2.4 GB'],
  ])('%d bytes are %s', (count, text) => expect(bytes(count)).toBe(text));

  it.each([
    [3.06, '3.1 s'],
    [125, '2 min 05 s'],
    [7830, '2 h 10 min'],
  ])('%d seconds are %s', (seconds, text) => expect(duration(seconds)).toBe(text));

  it.each([
    [0.2, '1 s'],
    [59, '59 s'],
    [59.5, '1 min'],
    [61, '2 min'],
    [3541, '1 h 00 min'],
    [7830, '2 h 11 min'],
  ])('%d seconds are roughly %s', (seconds, text) => expect(roughly(seconds)).toBe(text));

  it.each([
    [12345, '12345/s'],
    [99.7, '100/s'],
    [9.96, '10/s'],
    [0.5, '0.5/s'],
    [0.025, '1.5/min'],
    [1 / 3600, '1.0/h'],
    [1e-5, '0.0/h'],
  ])('%d things a second are %s', (perSecond, text) => expect(rate(perSecond)).toBe(text));

  it.each([
    [0, '0'],
    [0.00232, '0.00232'],
    [0.9424, '0.942'],
    [1234.5, '1235'],
    [-12.34, '-12.3'],
  ])('%d in three digits is %s', (value, text) => expect(significant(value)).toBe(text));

  it('shows losses of shares as points with their sign, and none for nothing', () => {
    expect(metricLoss(0.0035, true)).toBe('+0.4');
    expect(metricLoss(-0.02, true)).toBe('-2.0');
    expect(metricLoss(0.0001, true)).toBe('0.0');
  });
});

describe('layout', () => {
  const rows = [
    ['name', 'n'],
    ['convolution', '7'],
    ['9th', '1234'],
  ];

  it('sets numbers to the right in tables, and nothing in facts', () => {
    expect(table(rows, '')).toBe('name         n\nconvolution     7\n        9th  1234');
    expect(facts(rows, '')).toBe('name         n\nconvolution  7\n9th          1234');
  });

  it('breaks lines between words', () => {
    expect(wrapped('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrapped('indivisible word', 5)).toEqual(['indivisible', 'word']);
  });
});
