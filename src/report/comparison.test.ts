import { describe, expect, it } from 'vitest';
import type { Comparison, ValueError } from '../evaluate/compare.js';
import { printComparison } from './comparison.js';

function valueError(node: string, before: number, noise: number): ValueError {
  return { value: `${node}_output`, node, op: 'Conv', noise, cosine: 1 - noise / 2, before };
}

const VALUES = [
  valueError('stem', 0, 0),
  valueError('a', 0, 0.001),
  valueError('b', 0.001, 0.1),
  valueError('head', 0.1, 0.05),
];
const COMPARISON: Comparison = {
  float: 'model.onnx',
  other: 'out/model.onnx',
  samples: 8,
  values: VALUES,
  start: VALUES[2],
};

describe('printComparison', () => {
  it('names where the error starts, and only steps that add error', () => {
    expect(printComparison(COMPARISON)).toBe(
      [
        'out/model.onnx',
        'against model.onnx: 4 values, 8 samples',
        '',
        'error starts at b (Conv): SQNR 10.0 dB',
        '',
        'steps that add most, in graph order (2 of 2; all with --json)',
        '  node  operator  SQNR dB  before  cosine',
        '  a     Conv         30.0  equal   0.99950',
        '  b     Conv         10.0    30.0  0.95000',
        '',
        'at the end: SQNR 13.0 dB, cosine 0.97500',
        '',
      ].join('\n'),
    );
  });

  it('says when there is nothing to tell', () => {
    const equal: Comparison = { float: 'a', other: 'a', samples: 1, values: [VALUES[0]] };
    expect(printComparison(equal)).toBe('a\nagainst a: 1 values, 1 samples\n\nevery value is equal\n');
  });
});
