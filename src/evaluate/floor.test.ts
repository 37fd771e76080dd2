import { describe, expect, it } from 'vitest';
import { accuracy } from '../../test/support/accuracy.js';
import type { Row } from '../data/metric.js';
import { createJudge, fitLossLine, requireResolvable } from './floor.js';
import type { Outcomes } from './outcomes.js';
import { pairedLoss } from './paired-loss.js';

function outcomes(hits: readonly number[], divergence = 0): Outcomes {
  const rows: readonly Row[] = hits.map((hit) => [hit]);
  return {
    metric: 'top1',
    rows,
    others: {},
    divergence: hits.map(() => divergence),
    samples: hits.length,
    seconds: 0,
    recalled: 0,
    stoppedEarly: false,
  };
}

/** `right` right answers, then `wrong` wrong ones. */
function answers(right: number, wrong: number): readonly number[] {
  return [...Array(right).fill(1), ...Array(wrong).fill(0)];
}

const float = outcomes(answers(800, 200));

describe('createJudge', () => {
  it('allows a share of the baseline, points, or divergence', () => {
    const allowed = (floor: Parameters<typeof createJudge>[0]) =>
      createJudge(floor, 'estimate', accuracy, float).allowed;
    expect(allowed({ kind: 'relative', fraction: 0.99 })).toBeCloseTo(0.008, 12);
    expect(allowed({ kind: 'absolute', points: 0.5 })).toBeCloseTo(0.005, 12);
    expect(allowed({ kind: 'kl', max: 0.01 })).toBe(0.01);
  });

  it('estimate holds on net flips, and fails when the divergence predicts more than the floor allows', () => {
    const judge = createJudge({ kind: 'relative', fraction: 0.99 }, 'estimate', accuracy, float);
    const lucky = outcomes(answers(800, 200), 0.05);
    expect(judge.judge(lucky).holds).toBe(true);
    expect(judge.judge(lucky, { slope: 1, points: 3 }).holds).toBe(false);
    expect(judge.judge(outcomes(answers(791, 209))).holds).toBe(false);
  });

  it('certify wants the one-sided bound inside the floor', () => {
    const judge = createJudge({ kind: 'relative', fraction: 0.99 }, 'certify', accuracy, float);
    expect(judge.judge(outcomes(answers(800, 200))).holds).toBe(true);
    expect(judge.judge(outcomes(answers(796, 204))).holds).toBe(false);
  });

  it('holds a kl floor by the mean divergence alone', () => {
    const judge = createJudge({ kind: 'kl', max: 0.01 }, 'estimate', accuracy, float);
    expect(judge.judge(outcomes(answers(0, 1000), 0.009)).holds).toBe(true);
    expect(judge.judge(outcomes(answers(800, 200), 0.011)).holds).toBe(false);
  });

  it('gives up only when even right answers on all that is left miss the floor', () => {
    const judge = createJudge({ kind: 'relative', fraction: 0.99 }, 'estimate', accuracy, float);
    const lost = (count: number): readonly Row[] => Array.from({ length: count }, () => [0]);
    expect(judge.hopeless(lost(208), [])).toBe(false);
    expect(judge.hopeless(lost(209), [])).toBe(true);
  });
});

describe('requireResolvable', () => {
  it('names the samples that certify needs', () => {
    const few = outcomes(answers(80, 20));
    const judge = createJudge({ kind: 'relative', fraction: 0.99 }, 'certify', accuracy, few);
    expect(() => requireResolvable(judge, 100)).toThrow(/needs 373 selection samples/);
  });
});

describe('fitLossLine', () => {
  const plan = (lost: number, divergence: number) => ({
    divergence,
    loss: pairedLoss(accuracy, float.rows, outcomes(answers(800 - lost, 200 + lost)).rows),
  });

  it('goes through the mildest plans whose loss is clear', () => {
    const line = fitLossLine([
      plan(0, 0.001),
      plan(1, 0.002),
      plan(20, 0.1),
      plan(40, 0.2),
      plan(60, 0.3),
      plan(790, 9),
    ]);
    expect(line?.points).toBe(3);
    expect(line?.slope).toBeCloseTo(0.2, 10);
  });

  it('does not exist when no loss is clear', () => {
    expect(fitLossLine([plan(0, 0.001), plan(1, 0.002)])).toBeUndefined();
  });
});
