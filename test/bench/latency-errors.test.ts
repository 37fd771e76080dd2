import { expect, it } from 'vitest';
import type { ErrorFigures } from '../../bench/latency/figures.js';
import { renderErrors } from '../../bench/latency/render.js';

const errors = (median: number) => ({ plans: 24, median, p95: 3 * median, pairs: 250, ordered: 0.996 });

const FIGURES: ErrorFigures = {
  command: 'npx tsx bench/latency/errors.ts --model resnet20',
  date: '2026-11-23T22:00:00.000Z',
  seconds: 31.4,
  load: 0.1,
  machine: { cpu: 'AMD EPYC', cores: 2, memoryBytes: 8e9, platform: 'linux-x64' },
  versions: { bitloom: '0.1.0' },
  threads: 1,
  inputs: 'made up, batch 1',
  floatMs: 0.784,
  fitted: 36,
  profiled: 14,
  plans: [],
  errors: { predicted: errors(0.01), naive: errors(0.05) },
  halfWidth: 0.005,
  noisy: true,
};

it('shows errors beside those of the naive sum, and what was not measured yet', () => {
  const lines = renderErrors([{ name: 'resnet20', figures: FIGURES }, { name: 'minilm-l6' }]).split('\n');
  expect(lines[2]).toBe('| resnet20 | 0.784 | 24 | 1.0 % | 3.0 % | 99.6 % | 5.0 % | 15.0 % | 99.6 % | 0.5 % | 31 |');
  expect(lines[3]).toMatch(/^\| minilm-l6( \| –){10} \|$/);
  expect(lines.at(-1)).toContain('AMD EPYC (2 cores, one used), 2026-11-23');
  expect(lines.at(-1)).toContain('some timings are noisy');
});
