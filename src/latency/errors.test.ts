import { describe, expect, it } from 'vitest';
import { predictionErrors } from './errors.js';

describe('prediction errors', () => {
  it('are relative to what was measured', () => {
    const plans = [
      { predicted: 1.1, measured: 1 },
      { predicted: 0.45, measured: 0.5 },
      { predicted: 0.6, measured: 0.6 },
    ];
    const errors = predictionErrors(plans);
    expect(errors.median).toBeCloseTo(0.1, 12);
    expect(errors.p95).toBeCloseTo(0.1, 12);
  });

  it('judge the order of pairs that differ by more than 5 %', () => {
    const plans = [
      { predicted: 0.9, measured: 1 },
      { predicted: 0.95, measured: 0.98 },
      { predicted: 0.92, measured: 0.5 },
    ];
    expect(predictionErrors(plans)).toMatchObject({ pairs: 2, ordered: 0.5 });
  });

  it('have nothing to order where all plans are equally fast', () => {
    expect(predictionErrors([{ predicted: 1, measured: 1 }])).toMatchObject({ pairs: 0, ordered: 1 });
  });
});
