import { describe, expect, it } from 'vitest';
import type { BenchResult } from '../runtime/bench-result.js';
import { printBenchmark } from './benchmark.js';

const model = (path: string, medianMs: number) => ({
  path,
  bytes: 1e6,
  medianMs,
  minMs: medianMs * 0.9,
  samplesPerSecond: 1000 / medianMs,
  openMs: 5,
  peakBytes: 5e7,
});

const run: BenchResult = {
  models: [model(`${'deep/'.repeat(20)}model.onnx`, 10), model('out/model.onnx', 4)],
  ratios: [{ path: 'out/model.onnx', ratio: 0.4, low: 0.39, high: 0.41 }],
  threads: 1,
  batch: 1,
  rounds: 120,
  provider: 'cpu',
  runtime: 'onnxruntime-node 1.30.0',
  spread: 0.012,
  noisy: false,
};

const tooLong = (text: string) => text.split('\n').filter((line) => line.length > 80);

describe('printBenchmark', () => {
  it('shows each model against the first, in 80 columns', () => {
    const text = printBenchmark([run]);
    expect(text).toContain('0.400 (0.390 .. 0.410)');
    expect(text).toContain('1 thread, batch 1; 120 interleaved rounds');
    expect(text).toMatch(/out\/model\.onnx +4\.00 .* 250 +5\.00 +50\.0 MB/);
    expect(text).not.toContain('restless');
    expect(text).not.toContain('samples a second');
    expect(tooLong(text)).toEqual([]);
  });

  it('keeps to 80 columns with wide figures', () => {
    const models = [1234.5, 0.0123].map((ms) => ({ ...model('x'.repeat(60), ms), openMs: 1234, peakBytes: 987.6e6 }));
    const ratios = [{ path: models[1].path, ratio: 12.3456, low: 11.2345, high: 13.4567 }];
    expect(tooLong(printBenchmark([{ ...run, models, ratios }]))).toEqual([]);
  });

  it('shows one model alone by absolute figures', () => {
    const text = printBenchmark([{ ...run, models: [run.models[1]], ratios: [] }]);
    expect(text).toContain('min');
    expect(text).not.toContain('ratio');
    expect(text).not.toContain('interleaved');
  });

  it('sums up several combinations, and says which were refused', () => {
    const wide = { ...run, batch: 8, threads: 2 };
    const text = printBenchmark([run, { batch: 4, threads: 1, refused: 'the batch is fixed at 8' }, wide]);
    expect(text).toContain('1 thread, batch 4\n\n  not measured: the batch is fixed at 8');
    expect(text).toContain('samples a second\n');
    expect(text).toMatch(/^ +2 +8 +100 +250$/m);
    expect(tooLong(text)).toEqual([]);
  });

  it('says how restless the machine was, and what it left undecided', () => {
    const ratios = [{ path: 'out/model.onnx', ratio: 0.97, low: 0.8, high: 1.1 }];
    const text = printBenchmark([{ ...run, ratios, spread: 0.35, noisy: true }]);
    expect(text).toContain('35 % of their');
    expect(text).toContain('too restless to say whether out/model.onnx is faster');
    expect(tooLong(text)).toEqual([]);
  });

  it('shows milliseconds alone where a module measured', () => {
    const models = run.models.map(({ path, bytes, medianMs, minMs }) => ({ path, bytes, medianMs, minMs }));
    const { ratios, rounds, spread, noisy } = run;
    const text = printBenchmark([{ models, ratios, rounds, spread, noisy, provider: './phone.mjs' }]);
    expect(text).toContain('measured by ./phone.mjs; 120 interleaved rounds');
    expect(text).not.toContain('peak');
  });
});
