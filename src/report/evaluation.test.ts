import { describe, expect, it } from 'vitest';
import { printBenchmark } from './benchmark.js';
import { printEvaluation } from './evaluation.js';

const estimate = (value: number, half: number) => ({ value, low: value - half, high: value + half, samples: 400 });

describe('printEvaluation', () => {
  const metric = { name: 'top1', higherIsBetter: true, share: true };

  it('shows a metric alone', () => {
    const text = printEvaluation({ model: 'm.onnx', metric, value: estimate(0.9, 0.02) });
    expect(text).toBe('m.onnx\n400 samples; 95 % intervals; higher is better\n\n  top1  90.0 (88.0 .. 92.0)\n');
  });

  it('shows the paired loss and KL beside a reference', () => {
    const loss = { ...estimate(0.01, 0.005), upper: 0.014 };
    const against = { model: 'float.onnx', value: estimate(0.91, 0.02), loss, divergence: 0.0123 };
    const text = printEvaluation({ model: 'm.onnx', metric, value: estimate(0.9, 0.02), against });
    expect(text).toContain('loss       +1.0 (+0.5 .. +1.5)');
    expect(text).toMatch(/KL +0\.0123/);
    expect(text).toContain('reference: float.onnx');
  });
});

describe('printBenchmark', () => {
  it('shows each model against the first, in 80 columns', () => {
    const model = (path: string, medianMs: number) => ({
      path,
      bytes: 1e6,
      medianMs,
      minMs: medianMs * 0.9,
      samplesPerSecond: 1000 / medianMs,
      openMs: 5,
      peakBytes: 5e7,
    });
    const text = printBenchmark({
      models: [model(`${'deep/'.repeat(20)}model.onnx`, 10), model('out/model.onnx', 4)],
      ratios: [{ path: 'out/model.onnx', ratio: 0.4, low: 0.39, high: 0.41 }],
      threads: 1,
      batch: 1,
      rounds: 120,
      provider: 'cpu',
      runtime: 'onnxruntime-node 1.30.0',
      noisy: false,
    });
    expect(text).toContain('0.400 (0.390 .. 0.410)');
    expect(text).toContain('1 thread, batch 1; 120 interleaved rounds');
    expect(text).not.toContain('restless');
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });
});
