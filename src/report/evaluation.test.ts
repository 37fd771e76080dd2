import { describe, expect, it } from 'vitest';
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
