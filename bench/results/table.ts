/** Writes the figures as tables between the markers of README.md: `npx tsx bench/results/table.ts`; `--print` only shows them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CASES } from '../cases.js';
import { readFigures } from './figures.js';
import { renderResults } from './render.js';

const README = fileURLToPath(new URL('../../README.md', import.meta.url));
const OPEN = '<!-- results -->';
const CLOSE = '<!-- /results -->';

/** `text` with what stands between the markers replaced. */
function between(text: string, content: string): string {
  const from = text.indexOf(OPEN);
  const to = text.indexOf(CLOSE);
  if (from < 0 || to < from) throw new Error(`${README} has no ${OPEN} ... ${CLOSE}`);
  return `${text.slice(0, from + OPEN.length)}\n\n${content}\n\n${text.slice(to)}`;
}

const content = renderResults(CASES.map(({ name }) => readFigures(name)));
if (process.argv.includes('--print')) console.log(content);
else writeFileSync(README, between(readFileSync(README, 'utf8'), content));
