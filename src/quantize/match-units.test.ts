import { describe, expect, it } from 'vitest';
import { matchUnits, requireMatches } from './match-units.js';
import type { Unit } from './unit.js';

function unit(name: string, op: Unit['op']): Unit {
  return { name, op, inputs: ['x'], weight: 'w', output: 'y', group: name, parameters: 1 };
}

const UNITS = [unit('/layer1/conv1/Conv', 'Conv'), unit('/layer1/conv2/Conv', 'Conv'), unit('/head/Gemm', 'Gemm')];
const names = (pattern: string) => matchUnits(UNITS, pattern).map(({ name }) => name);

describe('matchUnits', () => {
  it('takes globs over whole names, `**` and `*` alike crossing slashes', () => {
    expect(names('/layer1/**')).toEqual(['/layer1/conv1/Conv', '/layer1/conv2/Conv']);
    expect(names('*conv2*')).toEqual(['/layer1/conv2/Conv']);
    expect(names('conv2')).toEqual([]);
  });

  it('takes regular expressions and operator types', () => {
    expect(names('/CONV[12]/i')).toEqual(['/layer1/conv1/Conv', '/layer1/conv2/Conv']);
    expect(names('Gemm')).toEqual(['/head/Gemm']);
    expect(names('/head/Gemm')).toEqual(['/head/Gemm']);
  });
});

describe('requireMatches', () => {
  it('says which option named nothing, and what may have been meant', () => {
    expect(() => requireMatches(UNITS, 'Gem', 'exclude')).toThrow(
      /--exclude: no unit matches Gem\n {2}Did you mean Gemm/,
    );
  });

  it('refuses a broken regular expression', () => {
    expect(() => requireMatches(UNITS, '/(/', 'include')).toThrow(/no regular expression/);
  });
});
