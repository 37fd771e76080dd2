import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { floats } from '../../kernel/tensor.js';
import { defaultMetric } from './default.js';
import { createMetric, METRICS, parseMetric } from './table.js';

const folder = mkdtempSync(join(tmpdir(), 'bitloom-metric-'));
afterAll(() => rmSync(folder, { recursive: true }));

function moduleFile(name: string, source: string): string {
  const file = join(folder, name);
  writeFileSync(file, source);
  return file;
}

describe('parseMetric', () => {
  it.each([
    ['top1', 'top1'],
    ['top-5', 'top5'],
    ['topk=3', 'top3'],
    ['top-k=10', 'top10'],
    ['KL', 'kl'],
  ])('reads %s as %s', (text, name) => {
    expect(parseMetric(text)).toEqual({ name });
  });

  it('names the nearest of an unknown one', () => {
    expect(() => parseMetric('agrement')).toThrow('Did you mean agreement?');
    expect(() => parseMetric('top0')).toThrow(/Did you mean top\d/);
  });

  it('knows every metric by the name it carries', async () => {
    for (const name of [...Object.keys(METRICS), 'top7']) expect((await createMetric({ name })).name).toBe(name);
  });
});

describe('a metric from a module', () => {
  const sample = { outputs: { y: floats([3]) }, reference: { y: floats([1]) }, inputs: {} };

  it('may be a function, whose mean is taken', async () => {
    const file = moduleFile('score.mjs', 'export const metric = (r) => r.outputs.y.dims.length;');
    const metric = await createMetric(parseMetric(file));
    expect(metric).toMatchObject({ kind: 'mean', higherIsBetter: true, needsLabels: false });
    expect(metric.value([metric.row(sample), metric.row(sample)])).toBe(1);
  });

  it('may be a whole metric', async () => {
    const source = `export default { name: 'own', kind: 'set', higherIsBetter: false, needsLabels: false,
      row: () => [2], value: (rows) => rows.length * rows[0][0] };`;
    const metric = await createMetric({ name: 'own', module: moduleFile('whole.mjs', source) });
    expect([metric.name, metric.value([[2], [2]])]).toEqual(['own', 4]);
  });

  it.each([
    ['none.mjs', 'export const other = 1;', 'metric-module-without-metric'],
    ['half.mjs', 'export const metric = { name: "x", row: () => [1] };', 'metric-module-without-metric'],
    ['broken.mjs', 'export const metric = ;', 'metric-module-not-loaded'],
  ])('is refused where the module is wrong: %s', async (name, source, code) => {
    await expect(createMetric(parseMetric(moduleFile(name, source)))).rejects.toMatchObject({ code });
  });

  it('must return numbers', async () => {
    const metric = await createMetric(parseMetric(moduleFile('text.mjs', 'export const metric = () => "good";')));
    expect(() => metric.row(sample)).toThrow('returned string');
  });

  it('names a file that is not there', async () => {
    await expect(createMetric(parseMetric(join(folder, 'missing.js')))).rejects.toThrow(/missing\.js/);
  });
});

describe('defaultMetric', () => {
  const logits = { y: { kind: 'logits' } } as const;
  const real = { y: { kind: 'regression', variance: 1 } } as const;

  it.each([
    ['top1', { labelled: true, kinds: logits, sequence: false }],
    ['agreement', { labelled: false, kinds: logits, sequence: false }],
    ['token-accuracy', { labelled: true, kinds: logits, sequence: true }],
    ['token-agreement', { labelled: false, kinds: logits, sequence: true }],
    ['spearman', { labelled: true, kinds: real, sequence: false }],
    ['cosine', { labelled: false, kinds: real, sequence: false }],
  ])('is %s', (name, situation) => {
    expect(defaultMetric(situation)).toBe(name);
  });
});
