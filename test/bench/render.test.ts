import { describe, expect, it } from 'vitest';
import type { Figures, StepFigures } from '../../bench/results/figures.js';
import { renderResults } from '../../bench/results/render.js';

const estimate = (value: number) => ({ value, low: value - 0.02, high: value + 0.02, samples: 500 });
const parts = (value: number) => ({ selection: estimate(value), holdout: estimate(value) });

function step(accuracy: number, divergence: number): StepFigures {
  return {
    command: 'npx tsx bench/results/run.ts',
    date: '2026-11-23T20:00:00.000Z',
    seconds: 10,
    load: 0.1,
    machine: { cpu: 'AMD EPYC', cores: 2, memoryBytes: 8e9, platform: 'linux-x64' },
    versions: { bitloom: '0.1.0', 'onnxruntime-node': '1.30.0' },
    metric: { name: 'top1', higherIsBetter: true, share: true },
    floor: { asked: 'kl=1000', decide: 'estimate', judged: 'metric', allowed: 1000, resolves: 0, status: 'held' },
    samples: { calibration: 256, selection: 32, holdout: 500 },
    float: parts(0.834),
    result: parts(accuracy),
    pairedLoss: parts(0.834 - accuracy),
    divergence: { selection: divergence, holdout: divergence },
    agreement: 0.98,
    latency: {
      floatMs: 60,
      resultMs: 20,
      ratio: 0.32,
      low: 0.31,
      high: 0.33,
      rounds: 100,
      batch: 1,
      threads: 1,
      provider: 'cpu',
      noisy: false,
    },
    size: { floatBytes: 100, resultBytes: 26 },
    formats: { w8a8: 54 },
    left: [],
    candidates: [],
    search: {
      ranker: 'none',
      method: 'none',
      calibration: 'percentile',
      chosen: 'uniform w8a8',
      reason: 'asked for',
      evaluations: 1,
      samplesRun: 32,
      wallSeconds: 9,
    },
    peakMemoryBytes: 1e9,
    warnings: [],
  };
}

function rowsOf(markdown: string, model: string): readonly string[] {
  return markdown.split('\n').filter((line) => line.startsWith(`| ${model} `));
}

describe('renderResults', () => {
  const resnet50: Figures = {
    model: 'resnet50',
    steps: {
      'w8a8 min-max': step(0.816, 0.0201),
      'w8a8 mse': step(0.83, 0.0102),
      w4a8: step(0.34, 2.5),
    },
  };
  const text = renderResults([resnet50, { model: 'resnet20', steps: {} }]);
  const [best, methods, others] = rowsOf(text, 'resnet50');

  it('shows the method with the least divergence as the best', () => {
    expect(best).toContain('| 83.4 | 83.0, **3.13x**<br>mse, KL .010 |');
  });

  it('sets the methods beside the best mark', () => {
    expect(methods).toBe('| resnet50 | .020 (0.32) | – | – | .010 (0.32) | .012 (0.31) percentile |');
  });

  it('marks what was not measured, and leaves out models without figures', () => {
    expect(others).toBe('| resnet50 | 34.0, 2.5 (0.32) | – | – | – |');
    expect(rowsOf(text, 'resnet20')).toEqual([]);
  });

  it('says where the figures come from', () => {
    expect(text).toContain('AMD EPYC (2 cores, one used), 2026-11-23, bitloom 0.1.0, onnxruntime-node 1.30.0.');
  });

  it('refuses to show nothing', () => {
    expect(() => renderResults([{ model: 'resnet20', steps: {} }])).toThrow('nothing has been measured');
  });
});
