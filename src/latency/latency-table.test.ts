import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { BitloomError, type Problem } from '../kernel/errors.js';
import { readLatencyTable } from './read-latency-table.js';
import { shapeKey } from './unit-shape.js';

const folder = mkdtempSync(join(tmpdir(), 'bitloom-table-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function written(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

function problemsOf(name: string, text: string): readonly Problem[] {
  try {
    readLatencyTable(written(name, text));
  } catch (error) {
    if (error instanceof BitloomError) return error.problems;
    throw error;
  }
  return [];
}

const HEADER = 'operator,first,second,output,weight,group,strides,format,milliseconds';
const ROW = {
  operator: 'Conv',
  first: '1x8x14x14',
  second: '8x1x3x3',
  output: '1x8x7x7',
  group: 8,
  strides: '2x2',
  format: 'w8a8',
  milliseconds: 0.25,
};

describe('readLatencyTable', () => {
  it('reads the same rows from CSV and JSON', () => {
    const csv = `# from a profiler\n${HEADER}\nConv,1x8x14x14,8x1x3x3,1x8x7x7,,8,2x2,w8a8,0.25\nMatMul,4x6x2,4x2x6,4x6x6,none,,1x1,float,1e-3\n`;
    const rows = readLatencyTable(written('rows.csv', csv));
    const product = { operator: 'MatMul', first: '4x6x2', second: '4x2x6', output: '4x6x6', weight: 'none' };
    const json = { rows: [ROW, { ...product, format: 'float', milliseconds: 0.001 }], device: 'board' };
    expect(readLatencyTable(written('rows.json', JSON.stringify(json)))).toEqual(rows);
    expect(rows.map(({ shape, format, milliseconds }) => [shapeKey(shape), format, milliseconds])).toEqual([
      ['Conv 1x8x14x14 w8x1x3x3 1x8x7x7 group=8 strides=2x2', 'w8a8', 0.25],
      ['MatMul 4x6x2 4x2x6 4x6x6', 'float', 0.001],
    ]);
  });

  it('reports every bad row of a CSV with its line', () => {
    const text = [
      HEADER,
      'Conv,1x8x14x14,8x1x3x3,1x8x7x7,,,,w8a8,0.2',
      'Convv,1x8x14x14,8x1x3x3,1x8x7x7,,,,w8a8,0.2',
      'Conv,1*8,8x1x3x3,1x8x7x7,,,,w8a8,0.2',
      'Conv,1x8x14x14,8x1x3x3,1x8x7x7,,,,w9a8,fast',
      'Conv,1x8x14x14,8x1x3x3,1x8x7x7,,,,w4a4,',
    ].join('\n');
    const seen = problemsOf('bad.csv', text).map(({ place, message, hint }) => [place?.line, message, hint]);
    expect(seen).toEqual([
      [3, 'operator: "Convv" is not known here', 'Did you mean Conv?'],
      [4, 'first: is no list of sizes: write 1x64x56x56', undefined],
      [5, 'format: "w9a8" is not known here', 'Did you mean w8a8?'],
      [5, expect.stringMatching(/^milliseconds: .*number/), undefined],
      [6, 'milliseconds: is missing', undefined],
    ]);
  });

  it('reports bad rows of a JSON at their path', () => {
    const text = JSON.stringify({ rows: [ROW, { ...ROW, format: 'w8a9' }, { ...ROW, grup: 2 }] });
    expect(problemsOf('bad.json', text)).toMatchObject([
      { code: 'bad-latency-table', message: 'rows[1].format: "w8a9" is not known here', hint: 'Did you mean w8a8?' },
      { code: 'bad-latency-table', message: 'rows[2]: "grup" is not known here', hint: 'Did you mean group?' },
    ]);
  });

  it('refuses two times for the same thing, no rows, broken quotes and a missing file', () => {
    const twice = `${HEADER}\nConv,1x8,8x1,1x8,,,,w8a8,0.2\n\nConv,1x8,8x1,1x8,,1,1x1,w8a8,0.3\n`;
    expect(problemsOf('twice.csv', twice)).toMatchObject([
      { message: 'says again what an earlier row says', place: { line: 4 } },
    ]);
    expect(problemsOf('twice.json', JSON.stringify({ rows: [ROW, ROW] }))).toMatchObject([
      { message: 'rows[1]: says again what an earlier row says' },
    ]);
    expect(problemsOf('none.csv', `${HEADER}\n`)).toMatchObject([{ message: 'has no rows' }]);
    expect(problemsOf('quote.csv', `${HEADER}\nConv,"1x8,8x1,1x8\n`)).toMatchObject([{ code: 'bad-latency-table' }]);
    expect(() => readLatencyTable(join(folder, 'missing.csv'))).toThrow(/missing\.csv: there is no such file/);
  });
});
