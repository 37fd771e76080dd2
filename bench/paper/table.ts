/** Writes the figures between the markers of docs/dependencies.md: `npx tsx bench/paper/table.ts`; `--print` only shows them. */

import { CASES } from '../cases.js';
import { publish } from '../markdown.js';
import { FIGURES } from './figures.js';
import { renderPaper } from './render.js';

const PAGE = new URL('../../docs/dependencies.md', import.meta.url);

publish(PAGE, 'paper', renderPaper(CASES.map(({ name }) => FIGURES.read(name))));
