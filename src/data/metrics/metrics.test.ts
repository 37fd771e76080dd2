import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DenseTensor, floats, ints } from '../../kernel/tensor.js';
import type { Label } from '../dataset.js';
import type { Metric, MetricSpec, OutputKinds, SampleResult } from '../metric.js';
import { divergence } from './divergence.js';
import { createMetric } from './table.js';

interface Given {
  readonly reference?: DenseTensor;
  readonly label?: Label;
  readonly inputs?: Readonly<Record<string, DenseTensor>>;
}

function result(output: DenseTensor, { reference = output, label, inputs = {} }: Given = {}): SampleResult {
  return { outputs: { y: output }, reference: { y: reference }, inputs, ...(label !== undefined && { label }) };
}

function logits(...values: number[]): DenseTensor {
  return floats(values, [1, values.length]);
}

async function over(spec: MetricSpec | string, results: readonly SampleResult[], kinds?: OutputKinds): Promise<number> {
  const metric: Metric = await createMetric(typeof spec === 'string' ? { name: spec } : spec, kinds);
  return metric.value(results.map((item) => metric.row(item)));
}

const LOGITS: OutputKinds = { y: { kind: 'logits' } };

describe('top-k', () => {
  const results = [
    result(logits(0.1, 3, 2), { label: 1 }),
    result(logits(0.1, 3, 2), { label: 2 }),
    result(logits(5, 3, 2), { label: 2 }),
  ];

  it.each([
    ['top1', 1 / 3],
    ['top2', 2 / 3],
    ['top3', 1],
  ])('%s counts labels among the highest scores', async (name, value) => {
    expect(await over(name, results)).toBeCloseTo(value, 12);
  });

  it('gives an equal score to the first class only', async () => {
    expect(await over('top1', [result(logits(1, 1), { label: 1 })])).toBe(0);
    expect(await over('top1', [result(logits(1, 1), { label: 0 })])).toBe(1);
  });

  it('never counts an output that is NaN or infinite as right', async () => {
    const broken = [logits(Number.NaN, 1), logits(Number.POSITIVE_INFINITY, 1), logits(Number.NaN)];
    for (const output of broken)
      for (const label of [0, 1]) expect(await over('top1', [result(output, { label })])).toBe(0);
    expect(await over('top2', [result(broken[0], { label: 1 })])).toBe(0);
  });

  it('decides a single score between two classes', async () => {
    expect(await over('top1', [result(logits(0.4), { label: 1 })])).toBe(1);
    expect(await over('top1', [result(logits(0.4), { label: 1 })], { y: { kind: 'probabilities' } })).toBe(0);
  });

  it.each([
    [3, 'label-out-of-range'],
    [-1, 'label-out-of-range'],
    [0.5, 'label-out-of-range'],
    [[0, 1], 'wrong-label'],
    [undefined, 'missing-label'],
  ])('refuses the label %j', async (label, code) => {
    const given = result(logits(1, 2, 3), label === undefined ? {} : { label });
    await expect(over('top1', [given])).rejects.toMatchObject({ code });
  });
});

describe('f1', () => {
  const answer = (predicted: number, label: number) =>
    result(logits(...[0, 1, 2].map((c) => (c === predicted ? 1 : 0))), { label });
  const results = [answer(1, 1), answer(1, 0), answer(0, 1), answer(1, 1), answer(0, 0)];

  it('is 2TP / (2TP + FP + FN) of class 1', async () => {
    expect(await over('f1', results)).toBeCloseTo(4 / 6, 12);
  });

  it('averages over the classes that occur', async () => {
    expect(await over('f1-macro', results)).toBeCloseTo((4 / 6 + 2 / 4) / 2, 12);
  });
});

describe('agreement', () => {
  it('compares with the float model, not with labels', async () => {
    const same = result(logits(1, 2), { reference: logits(0, 9), label: 0 });
    const other = result(logits(1, 2), { reference: logits(9, 0), label: 1 });
    expect(await over('agreement', [same, other])).toBe(0.5);
  });

  it('counts two broken outputs as no agreement', async () => {
    expect(await over('agreement', [result(logits(Number.NaN, 1))])).toBe(0);
  });
});

describe('kl and divergence', () => {
  it('is the KL of the definition', async () => {
    const p = [0.2, 0.5, 0.3];
    const q = [0.1, 0.6, 0.3];
    const expected = p.reduce((total, chance, i) => total + chance * Math.log(chance / q[i]), 0);
    const given = result(logits(...q.map(Math.log)), { reference: logits(...p.map((x) => Math.log(x) + 50)) });
    expect(await over('kl', [given])).toBeCloseTo(expected, 6);
    expect(divergence(given, LOGITS)).toBeCloseTo(expected, 6);
    const chances = result(logits(...q), { reference: logits(...p) });
    expect(divergence(chances, { y: { kind: 'probabilities' } })).toBeCloseTo(expected, 6);
  });

  it('does not overflow, is 0 for equal outputs and for shifted ones, and is never negative', () => {
    const anyLogits = fc.array(fc.float({ min: -200, max: 200, noNaN: true }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(anyLogits, anyLogits, (a, b) => {
        const value = divergence(result(logits(...a), { reference: logits(...b) }), LOGITS);
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThan(1000);
        expect(divergence(result(logits(...a)), LOGITS)).toBe(0);
      }),
    );
    const huge = result(logits(10000, 0), { reference: logits(10001, 1) });
    expect(divergence(huge, LOGITS)).toBeLessThan(1e-12);
  });

  it('follows its second-order form for small shifts: half the variance of the shift', () => {
    const shifted = result(logits(1e-2, 0), { reference: logits(0, 0) });
    expect(divergence(shifted, LOGITS)).toBeCloseTo((0.5 * 1e-4) / 4, 8);
  });

  it('treats a single logit as the odds of two classes', () => {
    const single = result(logits(0.3), { reference: logits(1) });
    const two = result(logits(0, 0.3), { reference: logits(0, 1) });
    expect(divergence(single, LOGITS)).toBeCloseTo(divergence(two, LOGITS), 12);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('is infinite for %s', (bad) => {
    const given = result(logits(bad, bad), { reference: logits(1, 2) });
    expect(divergence(given, LOGITS)).toBe(Number.POSITIVE_INFINITY);
    expect(divergence(given, { y: { kind: 'regression', variance: 1 } })).toBe(Number.POSITIVE_INFINITY);
  });

  it('lets a class that both give no chance be', () => {
    const masked = logits(1, 2, Number.NEGATIVE_INFINITY);
    expect(divergence(result(masked), LOGITS)).toBe(0);
  });

  it('divides squared errors by the variance and adds outputs up', () => {
    const given: SampleResult = {
      outputs: { a: floats([1, 2]), b: floats([0]) },
      reference: { a: floats([0, 0]), b: floats([3]) },
      inputs: {},
    };
    const kinds: OutputKinds = { a: { kind: 'regression', variance: 5 }, b: { kind: 'regression', variance: 2 } };
    expect(divergence(given, kinds)).toBeCloseTo(2.5 / 5 + 9 / 2, 12);
  });
});

describe('sequences', () => {
  const ids = ints([5, 1, 2, 0, 0], [1, 5]);
  // Positions predict 1 (right), 0 (wrong: 2 follows), then padding.
  const scores = floats([0, 9, 0, 9, 0, 0, 9, 0, 0, 9, 0, 0, 9, 0, 0], [1, 5, 3]);
  const inputs = { input_ids: ids };

  it('next-token leaves padding out, by id or by mask', async () => {
    const given = result(scores, { inputs });
    expect(await over({ name: 'next-token', padId: 0 }, [given])).toBe(0.5);
    expect(await over('next-token', [given])).toBe(3 / 4);
    const masked = result(scores, { inputs: { ...inputs, attention_mask: ints([1, 1, 1, 0, 0], [1, 5]) } });
    expect(await over('next-token', [masked])).toBe(0.5);
  });

  it('divergence and token agreement leave padding out', async () => {
    const padded = floats([...Array(9).fill(0), 9, 0, 0, 9, 0, 0], [1, 5, 3]);
    const reference = floats([...Array(9).fill(0), 0, 9, 0, 0, 9, 0], [1, 5, 3]);
    const given = result(padded, { reference, inputs });
    expect(divergence(given, LOGITS, { padId: 0 })).toBe(0);
    expect(divergence(given, LOGITS)).toBeGreaterThan(1);
    expect(await over({ name: 'token-agreement', padId: 0 }, [given])).toBe(1);
    expect(await over('token-agreement', [given])).toBe(3 / 5);
    expect(await over({ name: 'kl', padId: 0 }, [given])).toBe(0);
  });

  it('divergence and agreement leave positions out whose label is -100', async () => {
    const reference = floats([...Array(9).fill(0), 0, 9, 0, 0, 9, 0], [1, 5, 3]);
    const padded = floats([...Array(9).fill(0), 9, 0, 0, 9, 0, 0], [1, 5, 3]);
    const given = result(padded, { reference, inputs, label: [1, 2, 0, -100, -100] });
    expect(divergence(given, LOGITS)).toBe(0);
    expect(await over('token-agreement', [given])).toBe(1);
  });

  it('token-accuracy heeds labels of -100', async () => {
    expect(await over('token-accuracy', [result(scores, { label: [1, -100, 1, 0, 0] })])).toBe(3 / 4);
    await expect(over('token-accuracy', [result(scores, { label: [1, 0] })])).rejects.toMatchObject({
      code: 'wrong-label',
    });
  });

  it('names the inputs when there is no ids input', async () => {
    const given = result(scores, { inputs: { tokens: ids, types: ids } });
    await expect(over('next-token', [given])).rejects.toMatchObject({ code: 'unknown-ids-input' });
    expect(await over({ name: 'next-token', ids: 'tokens', padId: 0 }, [given])).toBe(0.5);
  });
});

describe('real outputs', () => {
  const given = result(floats([1, 1, 1]), { reference: floats([1, 1, 0]) });

  it('cosine, mse and sqnr hold the output against the float model', async () => {
    expect(await over('cosine', [given])).toBeCloseTo(2 / Math.sqrt(6), 12);
    expect(await over('mse', [given])).toBeCloseTo(1 / 3, 12);
    expect(await over('sqnr', [given])).toBeCloseTo(10 * Math.log10(2), 12);
  });

  it('a baseline has a finite sqnr; a broken output is never good', async () => {
    expect(await over('sqnr', [result(floats([1, 2]))])).toBeCloseTo(144.49, 2);
    const broken = result(floats([Number.NaN, 1]), { reference: floats([1, 1]) });
    expect(await over('sqnr', [broken])).toBe(Number.NEGATIVE_INFINITY);
    expect(await over('mse', [broken])).toBe(Number.POSITIVE_INFINITY);
    expect(await over('cosine', [broken])).toBe(0);
  });

  it('spearman correlates ranks, ties shared', async () => {
    const pairs = [
      [1, 10],
      [2, 100],
      [3, 90],
    ];
    const results = pairs.map(([predicted, label]) => result(floats([predicted], [1, 1]), { label }));
    expect(await over('spearman', results)).toBeCloseTo(0.5, 12);
  });
});

describe('which output is judged', () => {
  const outputs = { hidden: logits(9, 0), logits: logits(0, 9) };
  const given: SampleResult = { outputs, reference: outputs, inputs: {}, label: 1 };

  it('is the one called logits, or the one that is named', async () => {
    expect(await over('top1', [given])).toBe(1);
    expect(await over({ name: 'top1', output: 'hidden' }, [given])).toBe(0);
    await expect(over({ name: 'top1', output: 'lost' }, [given])).rejects.toMatchObject({ code: 'unknown-output' });
  });

  it('must be named where it is not clear', async () => {
    const unclear = { ...given, outputs: { a: logits(1), b: logits(1) } };
    await expect(over('top1', [unclear])).rejects.toMatchObject({ code: 'ambiguous-output' });
  });
});
