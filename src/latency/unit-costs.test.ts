import { describe, expect, it } from 'vitest';
import { random } from '../kernel/random.js';
import { mean } from '../kernel/statistics.js';
import type { Format } from '../quantize/formats.js';
import { fitRoofline } from './fit-roofline.js';
import { latencyTable, type TableRow } from './latency-table.js';
import { loadTarget } from './load-target.js';
import { missingRows, missingRowsWarning } from './missing-rows.js';
import { rooflineTime } from './roofline.js';
import type { Roofline, Target } from './target.js';
import { type UnitCost, unitCosts } from './unit-costs.js';
import { macsOf, type UnitShape } from './unit-shape.js';

function conv(channels: number, size: number): UnitShape {
  const value = [1, channels, size, size];
  return {
    op: 'Conv',
    first: value,
    second: [channels, channels, 3, 3],
    output: value,
    weight: 'second',
    group: 1,
    strides: [],
    dilations: [],
  };
}

const SHAPE = conv(64, 56);
const DEVICE: Roofline = { rates: { float: 2e11, w8a8: 6e11 }, bandwidth: 2e10, launch: 2e-5, floatBits: 32 };
const FORMATS: readonly Format[] = ['float', 'w8a8'];

/** Rows as a device with this roofline gives them, with 3 % of noise. */
function rowsOf(device: Roofline, shapes: readonly UnitShape[], seed: number): readonly TableRow[] {
  const noise = random(seed);
  return shapes.flatMap((shape) =>
    FORMATS.map((format) => ({
      shape,
      format,
      milliseconds: (rooflineTime(device, shape, format) ?? Number.NaN) * Math.exp(0.03 * noise.normal()),
    })),
  );
}

const TABLED = [8, 16, 32, 64, 128, 256].flatMap((channels) => [7, 14, 28, 56].map((size) => conv(channels, size)));
const ROWS = rowsOf(DEVICE, TABLED, 1);

function logError(roofline: Roofline, rows: readonly TableRow[]): number {
  const errors = rows.map(({ shape, format, milliseconds }) =>
    Math.log((rooflineTime(roofline, shape, format) ?? Number.NaN) / milliseconds),
  );
  return mean(errors.map((error) => error ** 2));
}

function costOf(found: UnitCost): number {
  return found.source === 'none' ? Number.NaN : found.cost;
}

describe('fitRoofline', () => {
  it.each([1, 2, 3, 4, 5])('fits a noisy table no worse than the device that made it (seed %i)', (seed) => {
    const rows = rowsOf(DEVICE, TABLED, seed);
    const { roofline, error } = fitRoofline(rows, 32);
    expect(logError(roofline, rows)).toBeLessThanOrEqual(logError(DEVICE, rows));
    expect(error).toBeLessThan(0.04);
    for (const shape of [conv(24, 10), conv(48, 20), conv(96, 40), conv(192, 9)]) {
      for (const format of FORMATS) {
        const [given, fitted] = [DEVICE, roofline].map((each) => rooflineTime(each, shape, format) ?? Number.NaN);
        expect(Math.abs(fitted / given - 1)).toBeLessThan(0.08);
      }
    }
  });

  it('goes through a single row', () => {
    const { roofline, error } = fitRoofline([{ shape: SHAPE, format: 'w8a8', milliseconds: 0.2 }], 32);
    expect(error).toBeLessThan(0.001);
    expect(Object.keys(roofline.rates)).toEqual(['w8a8']);
  });
});

describe('unitCosts', () => {
  const cpu = loadTarget('ort-cpu');

  it('refuses a format that has no kernel, with the reason', () => {
    expect(unitCosts(cpu).cost(SHAPE, 'w4')).toEqual({ source: 'none', note: cpu.lacks.Conv });
    expect(unitCosts(loadTarget('npu-int')).cost(SHAPE, 'float')).toMatchObject({ source: 'none' });
  });

  it('has no cost of what nobody has measured', () => {
    const found = unitCosts(cpu).cost(SHAPE, 'w8a8');
    expect(found).toEqual({ source: 'none', note: 'nothing says what w8a8 costs a Conv on ort-cpu' });
    expect(unitCosts(cpu).boundary(100, 32, 8)).toBeUndefined();
  });

  it("puts the user's table above what was measured", () => {
    const measured = latencyTable([
      { shape: SHAPE, format: 'w8a8', milliseconds: 0.3 },
      { shape: SHAPE, format: 'float', milliseconds: 0.9 },
    ]);
    const costs = unitCosts(cpu, { measured, rows: [{ shape: SHAPE, format: 'w8a8', milliseconds: 0.2 }] });
    expect(costs.cost(SHAPE, 'w8a8')).toMatchObject({ source: 'table', cost: 0.2 });
    expect(costs.cost(SHAPE, 'float')).toMatchObject({ source: 'measured', cost: 0.9 });
  });

  it('interpolates shapes that a table lacks, and says so', () => {
    const between = conv(48, 20);
    const found = unitCosts(cpu, { rows: ROWS }).cost(between, 'w8a8');
    expect(found).toMatchObject({ source: 'roofline', note: expect.stringMatching(/roofline through the 48 rows/) });
    expect(Math.abs(costOf(found) / (rooflineTime(DEVICE, between, 'w8a8') ?? 0) - 1)).toBeLessThan(0.1);
  });

  it("falls back on the target's rates for a format that no row has", () => {
    const a100 = loadTarget('a100');
    const rows = [{ shape: SHAPE, format: 'w8a8', milliseconds: 0.01 } as const];
    const costs = unitCosts(a100, { rows });
    expect(costs.cost(SHAPE, 'w4a4')).toEqual(unitCosts(a100).cost(SHAPE, 'w4a4'));
    expect(unitCosts(cpu, { rows }).cost(SHAPE, 'float').source).toBe('none');
  });

  it('takes the rows that stand in a target', () => {
    const own: Target = { ...cpu, costs: { source: 'table', rows: ROWS } };
    expect(unitCosts(own).cost(ROWS[0].shape, ROWS[0].format)).toMatchObject({ source: 'table' });
  });

  it('computes the a100 by hand, and tells emulation', () => {
    const costs = unitCosts(loadTarget('a100'));
    // 2 * 115,605,504 / 624e12 s = 0.37 us; 438,272 / 1555e9 s = 0.28 us; launch 2 us
    expect(costs.cost(SHAPE, 'w8a8')).toMatchObject({ source: 'roofline', cost: expect.closeTo(0.0023705, 7) });
    const emulated = costs.cost(SHAPE, 'w4a16');
    expect(emulated).toMatchObject({ source: 'emulated', note: expect.stringMatching(/no kernel of w4a16/) });
    expect(costOf(emulated)).toBeCloseTo(costOf(costs.cost(SHAPE, 'f16')), 9);
  });

  it('counts where there is no time yet', () => {
    const wasm = unitCosts(loadTarget('ort-wasm'));
    expect(wasm.unit).toBe('macs');
    expect(wasm.cost(SHAPE, 'float')).toMatchObject({ source: 'counted', cost: macsOf(SHAPE) });
    expect(wasm.cost(SHAPE, 'w8a8')).toMatchObject({ source: 'counted', cost: macsOf(SHAPE) / 4 });
    expect(wasm.cost(SHAPE, 'w4a4')).toMatchObject({ source: 'emulated', cost: macsOf(SHAPE) });
    const webgpu = unitCosts(loadTarget('ort-webgpu'));
    expect(webgpu.unit).toBe('bytes');
    expect(costOf(webgpu.cost(SHAPE, 'f16'))).toBe(costOf(webgpu.cost(SHAPE, 'float')) / 2);
    expect(webgpu.boundary(100, 32, 16)).toBe(600);
  });

  it('gets cheaper down every ladder of the estimated targets, on large layers', () => {
    for (const name of ['a100', 'npu-int', 'ort-wasm', 'ort-webgpu']) {
      const target = loadTarget(name);
      const costs = unitCosts(target);
      const times = target.ladder.Conv.map((format) => costOf(costs.cost(conv(512, 56), format)));
      expect(times, name).toEqual([...times].sort((a, b) => b - a));
      expect(new Set(times).size).toBe(times.length);
    }
  });
});

describe('missingRows', () => {
  it('names each shape once, with its units', () => {
    const rows = [{ shape: SHAPE, format: 'float', milliseconds: 1 } as const];
    const missing = missingRows(rows, [
      { name: 'a', shape: SHAPE, formats: ['float', 'w8a8'] },
      { name: 'b', shape: conv(8, 7), formats: ['float'] },
      { name: 'c', shape: SHAPE, formats: ['w8a8'] },
    ]);
    expect(missing).toEqual([
      { shape: 'Conv 1x64x56x56 w64x64x3x3 1x64x56x56', format: 'w8a8', units: ['a', 'c'] },
      { shape: 'Conv 1x8x7x7 w8x8x3x3 1x8x7x7', format: 'float', units: ['b'] },
    ]);
    expect(missingRowsWarning(missing)).toContain('  Conv 1x64x56x56 w64x64x3x3 1x64x56x56 in w8a8 (a, c)');
    expect(missingRowsWarning(missingRows(rows, []))).toBeUndefined();
  });
});
