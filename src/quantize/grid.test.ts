import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { random } from '../kernel/random.js';
import {
  activationGrid,
  affineParameters,
  blockGrid,
  groupScale,
  quantizeGroup,
  quantizeValue,
  weightGrid,
} from './grid.js';

const normals = (count: number, seed: number) => {
  const source = random(seed);
  return Float32Array.from({ length: count }, () => source.normal());
};

function roundTrip(values: Float32Array, scale: number, grid = weightGrid(8, false)): Float32Array {
  const steps = new Int32Array(values.length);
  quantizeGroup(values, scale, grid, steps);
  return Float32Array.from(steps, (step) => step * scale);
}

describe('weight grids', () => {
  it('are symmetric, lose a bit to reduceRange, and use both bounds in blocks', () => {
    expect(weightGrid(8, false)).toEqual({ low: -127, high: 127 });
    expect(weightGrid(8, true)).toEqual({ low: -63, high: 63 });
    expect(weightGrid(4, false)).toEqual({ low: -7, high: 7 });
    expect(blockGrid(4)).toEqual({ low: -8, high: 7 });
  });
});

describe('groupScale', () => {
  it('keeps the error of every value within half a step', () => {
    const values = normals(500, 1);
    const scale = groupScale(values, weightGrid(8, false), 'min-max');
    const back = roundTrip(values, scale);
    values.forEach((value, i) => {
      expect(Math.abs(value - back[i])).toBeLessThanOrEqual(scale / 2 + 1e-7);
    });
  });

  it('finds the grid that values lie on, whatever their extreme', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -127, max: 127 }), { minLength: 1, maxLength: 60 }),
        fc.double({ min: 1e-4, max: 2, noNaN: true }),
        (steps, scale) => {
          const values = Float32Array.from(steps, (step) => Math.fround(scale) * step);
          const found = groupScale(values, weightGrid(8, false), 'mse');
          const back = roundTrip(values, found);
          values.forEach((value, i) => {
            expect(Math.abs(value - back[i])).toBeLessThanOrEqual(2e-6 * Math.abs(value));
          });
        },
      ),
      { seed: 3, numRuns: 200 },
    );
  });

  it('does not mistake -127 steps for -128: other tools divide by 127', () => {
    const values = Float32Array.from([-127, 3, 50], (step) => step * 0.01);
    expect(groupScale(values, weightGrid(8, false), 'min-max')).toBeCloseTo(0.01, 8);
  });

  it('loses no more by clipping than by the whole range', () => {
    const values = normals(200, 5);
    values[0] = 9;
    const error = (scale: number) => {
      const back = roundTrip(values, scale, weightGrid(4, false));
      return values.reduce((total, value, i) => total + (value - back[i]) ** 2, 0);
    };
    const grid = weightGrid(4, false);
    expect(error(groupScale(values, grid, 'mse'))).toBeLessThan(error(groupScale(values, grid, 'min-max')));
  });

  it('is 0 for zeros and finite for the smallest numbers', () => {
    expect(groupScale(new Float32Array(4), weightGrid(8, false), 'min-max')).toBe(0);
    expect(groupScale(Float32Array.of(1e-44), weightGrid(8, false), 'min-max')).toBeGreaterThan(0);
  });
});

describe('affineParameters', () => {
  it('makes 0 exact and reaches both ends of the range', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -50, max: 50, noNaN: true }),
        fc.double({ min: 0.001, max: 50, noNaN: true }),
        fc.constantFrom(4 as const, 8 as const, 16 as const),
        (min, width, bits) => {
          const held = affineParameters({ min, max: min + width }, bits);
          const grid = activationGrid(bits);
          expect(quantizeValue(0, held, grid)).toBe(held.zeroPoint);
          for (const end of [min, min + width]) {
            const back = (quantizeValue(end, held, grid) - held.zeroPoint) * held.scale;
            expect(Math.abs(back - end)).toBeLessThanOrEqual(held.scale * 1.001);
          }
        },
      ),
      { seed: 1 },
    );
  });

  it('of a range from 0 up has zero point 0, which is what lets a ReLU vanish', () => {
    expect(affineParameters({ min: 0, max: 3 }, 8).zeroPoint).toBe(0);
    expect(affineParameters({ min: 1, max: 3 }, 8).zeroPoint).toBe(0);
  });

  it('is a positive float32 scale over a range of any size, symmetric about the middle where asked', () => {
    const bound = fc.double({ min: -1e30, max: 1e30, noNaN: true });
    fc.assert(
      fc.property(
        bound,
        bound,
        fc.constantFrom(4 as const, 8 as const, 16 as const),
        fc.boolean(),
        (a, b, bits, symmetric) => {
          const { scale, zeroPoint } = affineParameters({ min: Math.min(a, b), max: Math.max(a, b) }, bits, {
            symmetric,
          });
          expect(scale > 0 && Math.fround(scale) === scale).toBe(true);
          const { low, high } = activationGrid(bits);
          expect(Number.isInteger(zeroPoint) && zeroPoint >= low && zeroPoint <= high).toBe(true);
          if (symmetric) expect(zeroPoint).toBe(2 ** (bits - 1));
          const slack = 0.51 * scale;
          expect((low - zeroPoint) * scale - slack).toBeLessThanOrEqual(Math.min(a, b, 0));
          expect((high - zeroPoint) * scale + slack).toBeGreaterThanOrEqual(Math.max(a, b, 0));
        },
      ),
      { seed: 1 },
    );
  });

  it('has scale 1 for what is always zero, and never one that float32 would flush', () => {
    expect(affineParameters({ min: 0, max: 0 }, 8)).toEqual({ scale: 1, zeroPoint: 0 });
    expect(affineParameters({ min: 0, max: 0 }, 8, { symmetric: true })).toEqual({ scale: 1, zeroPoint: 128 });
    expect(affineParameters({ min: 0, max: 1e-45 }, 8).scale).toBe(2 ** -126);
  });
});
