import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Random, random } from '../kernel/random.js';
import type { Bits } from '../quantize/formats.js';
import { affineParameters } from '../quantize/grid.js';
import type { Range } from '../quantize/plan.js';
import { BINS, binInterval, binOf } from './bins.js';
import { entropyRange } from './entropy.js';
import { type CalibrationMethod, calibrate, isCalibrationMethod, METHODS } from './methods.js';
import { mseRange, squaredError } from './mse.js';
import { percentileRange } from './percentile.js';
import { piecesOf } from './pieces.js';
import { storable } from './range.js';
import { type ActivationStatistics, histogramOf } from './statistics.js';

function seen(values: ArrayLike<number>): ActivationStatistics {
  const floats = Float32Array.from(values);
  const counts = new Float64Array(BINS);
  for (const value of floats) counts[binOf(value)]++;
  const min = floats.reduce((least, value) => Math.min(least, value), 0);
  const max = floats.reduce((most, value) => Math.max(most, value), 0);
  return { min, max, histogram: histogramOf(counts) };
}

function draw(count: number, seed: number, one: (source: Random) => number): Float32Array {
  const source = random(seed);
  return Float32Array.from({ length: count }, () => one(source));
}

const gaussian = draw(200_000, 1, (source) => source.normal());
/** A Gaussian with elements forty times as far out. */
const spiked = Float32Array.of(...gaussian.subarray(0, 50_000), 40, -40, 40);
const uniform = draw(200_000, 2, (source) => source.uniform() * 6);
const relu = gaussian.map((value) => Math.max(0, value));

/** As after Relu6: a tail as far as the clip. */
const clippedTail = draw(100_000, 3, (source) => Math.min(6, -Math.log(1 - source.uniform())));

const ASYMMETRIC = { bits: 8, symmetric: false } as const;
const BITS: readonly Bits[] = [4, 8, 16];
const NAMES = Object.keys(METHODS).filter(isCalibrationMethod);

const values = fc.array(fc.float({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 60 });
const grid = fc.record({ bits: fc.constantFrom<Bits>(4, 8, 16), symmetric: fc.boolean() });

describe('METHODS', () => {
  it.each(NAMES)('%s stays inside what was seen and holds zero', (name) => {
    fc.assert(
      fc.property(values, grid, (list, on) => {
        const statistics = seen(list);
        const { min, max } = METHODS[name].range(statistics, on);
        const bound = Math.max(-statistics.min, statistics.max);
        expect(min <= 0 && max >= 0).toBe(true);
        expect(min >= (on.symmetric ? -bound : statistics.min)).toBe(true);
        expect(max <= (on.symmetric ? bound : statistics.max)).toBe(true);
        if (on.symmetric) expect(max + min).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it.each(NAMES)('%s gives a usable scale for an activation that never changes', (name) => {
    for (const constant of [0, 3, -2, 1e-30]) {
      const statistics = { samples: 1, activations: { a: seen([constant, constant, constant]) } };
      for (const bits of BITS) {
        const parameters = calibrate({ statistics, method: name, bits }).get('a')?.[bits];
        expect(parameters?.scale).toBeGreaterThan(0);
        const { min, max } = storable(parameters ?? { scale: 0, zeroPoint: 0 }, bits);
        expect(min * (1 + 1e-6) <= constant && constant <= max * (1 + 1e-6)).toBe(true);
      }
    }
  });
});

describe('percentile', () => {
  it.each([90, 99, 99.9])('cuts where sorting says, within a bin (%f)', (percentile) => {
    for (const data of [gaussian, uniform, relu]) {
      const sorted = data.toSorted();
      const { min, max } = percentileRange(seen(data), ASYMMETRIC, percentile);
      const cut = Math.round(((1 - percentile / 100) / 2) * sorted.length);
      expectWithinBin(max, sorted[sorted.length - 1 - cut]);
      if (sorted[cut] < 0) expectWithinBin(min, sorted[cut]);
      else expect(min).toBe(0);
    }
  });

  it('keeps everything at 100', () => {
    const { min, max } = percentileRange(seen(spiked), ASYMMETRIC, 100);
    expect([min, max]).toEqual([-40, 40]);
  });
});

function expectWithinBin(found: number, exact: number): void {
  const { low, high } = binInterval(binOf(exact));
  const width = high - low;
  expect(Math.abs(found - exact)).toBeLessThanOrEqual(width);
}

describe('mse', () => {
  it('is by its own objective no worse than min-max, on any data', () => {
    fc.assert(
      fc.property(values, grid, (list, on) => {
        const statistics = seen(list);
        const pieces = piecesOf(statistics);
        const best = squaredError(pieces, mseRange(statistics, on), on);
        expect(best).toBeLessThanOrEqual(squaredError(pieces, METHODS['min-max'].range(statistics, on), on));
      }),
      { numRuns: 40 },
    );
  });

  it.each(BITS)('estimates the squared error that quantizing the elements makes (%i bits)', (bits) => {
    const on = { bits, symmetric: false };
    for (const range of [
      { min: -2, max: 3 },
      { min: -0.3, max: 5 },
    ]) {
      const estimate = squaredError(piecesOf(seen(gaussian)), range, on);
      expect(estimate / errorOf(gaussian, range, bits)).toBeCloseTo(1, 2);
    }
  });

  it('finds the clip that is known to be best for a Gaussian at 4 bits', () => {
    // Least squared error of 16 even levels: step 0.3352, so 7.5 steps to each side (Max, IRE Trans. 1960, table II).
    const { min, max } = mseRange(seen(gaussian), { bits: 4, symmetric: false });
    expect((max - min) / 15).toBeGreaterThan(0.31);
    expect((max - min) / 15).toBeLessThan(0.36);
  });

  it('leaves a point where a Clip ends on the grid', () => {
    const clipped = uniform.map((value) => Math.min(value, 4));
    expect(mseRange(seen(clipped), ASYMMETRIC).max).toBeGreaterThan(3.98);
  });
});

function errorOf(data: Float32Array, range: Range, bits: Bits): number {
  const parameters = affineParameters(range, bits, { symmetric: false });
  const { min, max } = storable(parameters, bits);
  return data.reduce((total, x) => {
    const stored = Math.min(max, Math.max(min, Math.round(x / parameters.scale) * parameters.scale));
    return total + (x - stored) ** 2;
  }, 0);
}

describe('entropy', () => {
  it('cuts far outliers off a Gaussian, also after Relu', () => {
    const whole = entropyRange(seen(spiked), ASYMMETRIC);
    expect(whole.max).toBeLessThan(8);
    expect(whole.min).toBeGreaterThan(-8);
    const positive = entropyRange(seen(spiked.map((value) => Math.max(0, value))), ASYMMETRIC);
    expect(positive.min).toBe(0);
    expect(positive.max).toBeLessThan(8);
    expect(positive.max).toBeGreaterThan(2.5);
  });

  it('cuts one end alone where only that end has outliers', () => {
    const lopsided = Float32Array.of(...gaussian.subarray(0, 50_000), 600, 610, 620);
    const { min, max } = entropyRange(seen(lopsided), ASYMMETRIC);
    expect(max).toBeLessThan(8);
    expect(min).toBeLessThan(-2.5);
  });

  it('heeds no peaks that are narrower than any step: channels that are constant', () => {
    const constants = Array.from({ length: 20 }, (_, i) => 0.01 * 1.2 ** i);
    const peaks = constants.flatMap((constant) => Array<number>(4000).fill(constant));
    const plain = entropyRange(seen(clippedTail), ASYMMETRIC);
    const peaked = entropyRange(seen([...clippedTail, ...peaks]), ASYMMETRIC);
    expect(peaked.max / plain.max).toBeGreaterThan(0.9);
    expect(peaked.max / plain.max).toBeLessThan(1.1);
  });

  it('cuts nothing off a uniform distribution', () => {
    const statistics = seen(uniform);
    expect(entropyRange(statistics, ASYMMETRIC).max / statistics.max).toBeGreaterThan(0.98);
  });
});

describe('calibrate', () => {
  it('gives parameters of each number of bits for each activation', () => {
    const statistics = { samples: 3, activations: { a: seen(gaussian), b: seen(relu) } };
    const found = calibrate({ statistics, method: 'mse', bits: [4, 8] });
    expect([...found.keys()]).toEqual(['a', 'b']);
    expect(Object.keys(found.get('a') ?? {})).toEqual(['4', '8']);
    expect(found.get('b')?.[8]?.zeroPoint).toBe(0);
  });

  it('refuses ranges alone where a histogram is needed', () => {
    const statistics = { samples: 1, activations: { a: { min: -1, max: 3 } } };
    const needy: readonly CalibrationMethod[] = NAMES.filter((name) => METHODS[name].detail === 'histogram');
    expect(needy).toHaveLength(3);
    for (const method of needy) expect(() => calibrate({ statistics, method, bits: 8 })).toThrow(/needs histograms/);
    expect(calibrate({ statistics, method: 'min-max', bits: 8 }).get('a')?.[8]?.zeroPoint).toBe(64);
  });
});
