import { describe, expect, it } from 'vitest';
import { BitloomError } from './kernel/errors.js';
import { STAGES } from './options.js';
import { optionsFor, readOptions } from './read-options.js';

const GIVEN = { model: 'model.onnx', data: 'images' };

function problemsWith(options: Readonly<Record<string, unknown>>) {
  try {
    readOptions(STAGES.quantize, options);
  } catch (error) {
    if (error instanceof BitloomError) return error.problems;
    throw error;
  }
  return [];
}

describe('readOptions', () => {
  it('reads notations as data', () => {
    const settings = readOptions(STAGES.quantize, { ...GIVEN, keep: '0.5pt', memory: '2GiB', force: ['/a=b/=w4a8'] });
    expect(settings.keep).toEqual({ kind: 'absolute', points: 0.5 });
    expect(settings.memory).toBe(2 ** 31);
    expect(settings.force).toEqual([{ pattern: '/a=b/', format: 'w4a8' }]);
  });

  it('takes undefined for not given', () => {
    expect(readOptions(STAGES.quantize, { ...GIVEN, labels: undefined, keep: undefined })).toEqual(
      readOptions(STAGES.quantize, GIVEN),
    );
  });

  it('takes samples themselves for a path', () => {
    const samples = [{ x: [1, 2] }];
    expect(readOptions(STAGES.quantize, { ...GIVEN, data: samples }).data).toBe(samples);
    expect(problemsWith({ ...GIVEN, data: 3 }).map(({ place }) => place?.option)).toEqual(['data']);
  });

  it.each([
    [{ metric: 'agreemnt' }, 'metric', 'Did you mean agreement?'],
    [{ target: 'ort-gpu' }, 'target', 'Did you mean ort-cpu?'],
    [{ calibrateWith: 'percentil' }, 'calibrate-with', 'Did you mean percentile?'],
    [{ formats: ['float', 'w8a9'] }, 'formats', 'Did you mean w8a8?'],
    [{ force: ['Conv_0=w8a9'] }, 'force', 'Did you mean w8a8?'],
    [{ uniform: 'int8' }, 'uniform', 'Known are:'],
    [{ keep: '99' }, 'keep', '99.9%'],
    [{ memory: '4 apples' }, 'memory', '4GiB'],
  ])('refuses %j at its option with a hint', (wrong, option, hint) => {
    const [problem, ...others] = problemsWith({ ...GIVEN, ...wrong });
    expect(others).toEqual([]);
    expect(problem.place?.option).toBe(option);
    expect(problem.hint).toContain(hint);
  });

  it('names what was meant by an unknown option', () => {
    expect(problemsWith({ ...GIVEN, overwrit: true })).toMatchObject([
      { code: 'unknown-option', hint: 'Did you mean overwrite?' },
    ]);
  });

  it('reports everything at once', () => {
    const codes = problemsWith({ data: 'x', seed: 'one', search: 'random', keep: 'all' }).map(({ code }) => code);
    expect(codes).toEqual(['missing-model', 'bad-option', 'bad-floor', 'unknown-value']);
  });

  it('needs data, or all three parts', () => {
    expect(problemsWith({ model: 'm' }).map(({ place }) => place?.option)).toEqual(['data']);
    expect(problemsWith({ model: 'm', calibration: 'a', selection: 'b' })).toHaveLength(1);
    expect(problemsWith({ model: 'm', calibration: 'a', selection: 'b', holdout: 'c' })).toEqual([]);
  });

  it('refuses a uniform format beside a plan', () => {
    expect(problemsWith({ ...GIVEN, uniform: 'w8a8', plan: 'plan.json' }).map(({ place }) => place?.option)).toEqual([
      'plan',
    ]);
  });
});

describe('the options of bench', () => {
  const problems = (options: object) => {
    try {
      readOptions(STAGES.bench, options);
      return [];
    } catch (error) {
      return error instanceof BitloomError
        ? error.problems.map(({ place, message }) => place?.option ?? message)
        : [error];
    }
  };

  it('take one number or several', () => {
    expect(readOptions(STAGES.bench, { models: ['m'], threads: 2, batch: [1, 8] })).toMatchObject({
      threads: [2],
      batch: [1, 8],
    });
    expect(problems({ models: ['m'], batch: [0], threads: [] })).toHaveLength(2);
  });

  it('need one model, where compare needs two', () => {
    expect(problems({ models: [] })).toEqual(['give the models: ONNX files or folders, the float one first']);
    expect(() => readOptions(STAGES.compare, { models: ['m'], data: 'd' })).toThrow('give two models or more');
  });

  it('leave to a module what it measures with', () => {
    expect(problems({ models: ['m'], measureWith: 'b.mjs', batch: 2, threads: 1 })).toEqual(['batch', 'threads']);
  });
});

describe('optionsFor', () => {
  it('keeps what a stage takes', () => {
    expect(optionsFor(STAGES.bench, { models: ['a', 'b'], threads: 1, keep: '99%' })).toEqual({
      models: ['a', 'b'],
      threads: 1,
    });
  });
});
