import { describe, expect, it } from 'vitest';
import { noise } from '../../test/plans.js';
import { floats, tensor, toFloat32, toNumbers } from '../kernel/tensor.js';
import {
  dequantizeChannels,
  quantizeBias,
  quantizeBlocks,
  quantizeChannels,
  scalesForBias,
  storedTensor,
} from './weights.js';

const PLAIN = { method: 'min-max', reduceRange: false } as const;

describe('quantizeChannels', () => {
  it.each([0, 1, 2])('gives each index of axis %i its own scale', (axis) => {
    const weight = noise([3, 4, 5], 1);
    const { scales, stored } = quantizeChannels(weight, { ...PLAIN, axis, bits: 8 });
    expect(scales).toHaveLength([3, 4, 5][axis]);
    const back = dequantizeChannels({ dims: [3, 4, 5], axis, bits: 8, stored, scales });
    toFloat32(weight).forEach((value, i) => {
      expect(Math.abs(value - back[i])).toBeLessThanOrEqual(Math.max(...scales) / 2);
    });
    expect(Math.max(...stored.map(Math.abs))).toBe(127);
  });

  it('gives a channel of zeros the finest scale of the others', () => {
    const { scales } = quantizeChannels(floats([0, 0, 1.27, 0.3, 12.7, 3], [3, 2]), { ...PLAIN, axis: 0, bits: 8 });
    expect(scales[0]).toBe(scales[1]);
    expect(scales[1]).toBeLessThan(scales[2]);
  });

  it('stores 4 bits packed or in bytes, the same numbers', () => {
    const weight = quantizeChannels(noise([5, 3], 2), { ...PLAIN, axis: 0, bits: 4 });
    const packed = storedTensor(weight, true);
    expect(packed.dtype).toBe('int4');
    expect(packed.bytes).toHaveLength(8);
    expect(Array.from(toNumbers(packed))).toEqual(Array.from(toNumbers(storedTensor(weight, false))));
  });

  it('stores 16 bits to within half a step of 1/32767 of the extreme', () => {
    const weight = noise([2, 50], 3);
    const quantized = quantizeChannels(weight, { ...PLAIN, axis: 0, bits: 16 });
    const back = dequantizeChannels(quantized);
    toFloat32(weight).forEach((value, i) => {
      expect(Math.abs(value - back[i])).toBeLessThan(0.501 * Math.max(...quantized.scales));
    });
  });
});

describe('quantizeBlocks', () => {
  it('gives each block of a column its own scale, and pads the last', () => {
    const matrix = noise([40, 3], 4);
    const blocks = quantizeBlocks(matrix, 4, 16, 'min-max');
    expect(blocks.stored).toHaveLength(3 * 48);
    expect(blocks.scales).toHaveLength(9);
    const data = toFloat32(matrix);
    for (let column = 0; column < 3; column++) {
      for (let row = 0; row < 40; row++) {
        const at = column * 48 + row;
        const scale = blocks.scales[Math.floor(at / 16)];
        const steps = data[row * 3 + column] / scale;
        // The extreme is at -8 (its sign is the scale's): an element nearly as far to the other side is cut off at 7.
        expect(Math.abs(blocks.stored[at] - Math.min(7, steps))).toBeLessThanOrEqual(0.5 + 1e-6);
      }
    }
  });

  it('reads a transposed matrix as the same columns', () => {
    const matrix = noise([32, 2], 5);
    const data = toFloat32(matrix);
    const turned = tensor(
      'float32',
      [2, 32],
      Float32Array.from(data, (_, i) => data[(i % 32) * 2 + Math.floor(i / 32)]),
    );
    expect(quantizeBlocks(turned, 8, 16, 'min-max', true)).toEqual(quantizeBlocks(matrix, 8, 16, 'min-max'));
  });
});

describe('biases', () => {
  it('are whole products of both scales', () => {
    const { stored, scales } = quantizeBias(Float32Array.of(0.5, -2), 0.1, Float32Array.of(0.01, 0.02));
    expect([...stored]).toEqual([500, -1000]);
    expect([...scales]).toEqual([Math.fround(0.1 * Math.fround(0.01)), Math.fround(0.1 * Math.fround(0.02))]);
  });

  it('ask for larger weight scales only where they would not fit', () => {
    expect(scalesForBias(Float32Array.of(1, 2), 0.1, Float32Array.of(0.1, 0.1))).toBeUndefined();
    const least = scalesForBias(Float32Array.of(1, 1e9), 1e-6, Float32Array.of(1e-3, 1e-3));
    expect(least?.[0]).toBeLessThan(1e-3);
    expect(1e9 / 1e-6 / (least?.[1] ?? 0) <= 2 ** 30).toBe(true);
  });

  it('that do not fit are an error, never clipped', () => {
    expect(() => quantizeBias(Float32Array.of(1e9), 1e-6, Float32Array.of(1e-6))).toThrow(/does not fit/);
  });
});
