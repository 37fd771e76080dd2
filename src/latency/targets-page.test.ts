import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadTarget, targetNames } from './load-target.js';
import { readLatencyTable } from './read-latency-table.js';
import { latencyLabel } from './target.js';
import { unitCosts } from './unit-costs.js';

const page = readFileSync('docs/targets.md', 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'bitloom-page-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The page's only block of a language, as a file. */
function block(language: string): string {
  const blocks = [...page.matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\n\`\`\``, 'g'))].map(([, text]) => text);
  expect(blocks).toHaveLength(1);
  const file = join(folder, `block.${language}`);
  writeFileSync(file, blocks[0]);
  return file;
}

describe('docs/targets.md', () => {
  it('lists every shipped target and what its latency is called', () => {
    const rows = [...page.matchAll(/^\| `([\w-]+)` \|.*\| (measured|estimated) \|/gm)].map(([, ...cells]) => cells);
    expect(rows).toEqual(targetNames.map((name) => [name, latencyLabel(loadTarget(name))]));
  });

  it('shows a table that can be read', () => {
    const rows = readLatencyTable(block('csv'));
    expect(rows).toHaveLength(6);
    expect(unitCosts(loadTarget('ort-cpu'), { rows }).cost(rows[3].shape, 'w8a8')).toMatchObject({
      source: 'table',
      cost: 0.17,
    });
  });

  it('shows a target that can be loaded, with its own rows', () => {
    const target = loadTarget(block('json'));
    expect(target.ladder.Conv).toEqual(['float', 'w8a8']);
    expect(latencyLabel(target)).toBe('estimated');
    if (target.costs.source !== 'table') throw new Error('the page shows a table');
    const [{ shape }] = target.costs.rows;
    expect(unitCosts(target).cost(shape, 'float')).toMatchObject({ source: 'table', cost: 0.52 });
    expect(unitCosts(target).cost({ ...shape, group: 2 }, 'w8a8').source).toBe('roofline');
  });
});
