import { describe, expect, it } from 'vitest';
import type { Format } from '../quantize/formats.js';
import { boundaryTime, rooflineTime } from './roofline.js';
import type { Roofline } from './target.js';
import { bytesMoved, macsOf, shapeKey, type UnitShape } from './unit-shape.js';

const PLAIN = { group: 1, strides: [], dilations: [] } as const;

/** 64 x 64 x 3 x 3 at 56 x 56: 115,605,504 MACs, 36,864 weights, 200,704 values in and out. */
const CONV: UnitShape = {
  ...PLAIN,
  op: 'Conv',
  first: [1, 64, 56, 56],
  second: [64, 64, 3, 3],
  output: [1, 64, 56, 56],
  weight: 'second',
};
const GEMM: UnitShape = {
  ...PLAIN,
  op: 'Gemm',
  first: [1, 2048],
  second: [1000, 2048],
  output: [1, 1000],
  weight: 'second',
};
const SCORES: UnitShape = {
  ...PLAIN,
  op: 'MatMul',
  first: [1, 12, 128, 32],
  second: [1, 12, 32, 128],
  output: [1, 12, 128, 128],
  weight: 'none',
};

const ROOFLINE: Roofline = {
  rates: { f16: 1e12, w8a8: 2e12, w4: 1e12 },
  bandwidth: 1e9,
  launch: 1e-5,
  floatBits: 16,
};

describe('work', () => {
  it.each([
    ['a convolution', CONV, 64 * 56 * 56 * 64 * 9],
    ['a depthwise one', { ...CONV, second: [64, 1, 3, 3], group: 64 }, 64 * 56 * 56 * 9],
    [
      'a transposed one',
      { ...CONV, op: 'ConvTranspose', second: [64, 32, 2, 2], output: [1, 32, 112, 112] },
      64 * 56 * 56 * 32 * 4,
    ],
    ['a Gemm', GEMM, 2048 * 1000],
    ['a Gemm with its input transposed', { ...GEMM, first: [2048, 3], output: [3, 1000] }, 3 * 2048 * 1000],
    ['attention scores', SCORES, 12 * 128 * 128 * 32],
  ] as const)('of %s', (_, shape, macs) => expect(macsOf(shape)).toBe(macs));

  it.each([
    [CONV, 'float', 4 * (36_864 + 2 * 200_704)],
    [CONV, 'f16', 2 * (36_864 + 2 * 200_704)],
    [CONV, 'w8a8', 36_864 + 2 * 200_704],
    [CONV, 'w4a16', 36_864 / 2 + 4 * 200_704],
    // 4 bits and a bit of scale a weight, floats of 16 bits in and out.
    [GEMM, 'w4', (2_048_000 * 5) / 8 + 2 * (2048 + 1000)],
    // Neither factor is a weight.
    [SCORES, 'w8a8', 2 * 12 * 128 * 32 + 12 * 128 * 128],
    [SCORES, 'w4a4', (2 * 12 * 128 * 32 + 12 * 128 * 128) / 2],
  ] as const)('moves bytes %#', (shape: UnitShape, format: Format, bytes) => {
    expect(bytesMoved(shape, format, 16)).toBe(bytes);
  });
});

describe('rooflineTime', () => {
  it('takes the longer of computing and moving, and the launch', () => {
    // 2 * 115,605,504 / 2e12 = 0.1156 ms of sums against 438,272 / 1e9 = 0.4383 ms of bytes
    expect(rooflineTime(ROOFLINE, CONV, 'w8a8')).toBeCloseTo(0.438272 + 0.01, 9);
    // With ten times the bandwidth the sums are longer.
    expect(rooflineTime({ ...ROOFLINE, bandwidth: 1e10 }, CONV, 'w8a8')).toBeCloseTo(0.115605504 + 0.01, 9);
  });

  it('knows no time of a format without a rate', () => {
    expect(rooflineTime(ROOFLINE, CONV, 'w4a4')).toBeUndefined();
  });

  it('costs a change of width its bytes', () => {
    expect(boundaryTime(ROOFLINE, 200_704, 16, 8)).toBeCloseTo(0.602112, 9);
  });
});

describe('shapeKey', () => {
  it('tells apart what differs, and says it on one line', () => {
    expect(shapeKey(CONV)).toBe('Conv 1x64x56x56 w64x64x3x3 1x64x56x56');
    const others: readonly UnitShape[] = [
      CONV,
      { ...CONV, strides: [2, 2] },
      { ...CONV, dilations: [2, 2] },
      { ...CONV, group: 2 },
      { ...CONV, output: [1, 64, 28, 28] },
      GEMM,
      SCORES,
      { ...SCORES, weight: 'second' },
      { ...SCORES, weight: 'first' },
    ];
    expect(new Set(others.map(shapeKey)).size).toBe(others.length);
  });
});
