import { describe, expect, it } from 'vitest';
import { applicableMetrics } from './applicable.js';
import { METRICS } from './table.js';

const logits = { y: { kind: 'logits' } } as const;
const real = { y: { kind: 'regression', variance: 1 } } as const;

describe('applicableMetrics', () => {
  it('judges real values by what is said of real values', () => {
    expect(applicableMetrics({ name: 'mse' }, real, false)).toEqual(['cosine', 'mse', 'sqnr', 'spearman']);
    expect(applicableMetrics({ name: 'mse' }, real, true)).toEqual(['cosine', 'mse', 'sqnr', 'spearman']);
  });

  it('judges scores by all others, and leaves sums over a sequence of them out', () => {
    const all = Object.keys(METRICS).filter((name) => name !== 'spearman');
    expect(applicableMetrics({ name: 'top1' }, logits, false)).toEqual(all);
    const sums = ['cosine', 'mse', 'sqnr'];
    expect(applicableMetrics({ name: 'top1' }, logits, true)).toEqual(all.filter((name) => !sums.includes(name)));
  });

  it('goes by the output that is judged', () => {
    const both = { ...real, logits: { kind: 'logits' } } as const;
    expect(applicableMetrics({ name: 'mse', output: 'y' }, both, false)).toContain('spearman');
    expect(applicableMetrics({ name: 'kl' }, both, false)).toContain('kl');
  });
});
