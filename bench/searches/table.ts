/** Writes the figures as tables between the markers of README.md: `npx tsx bench/searches/table.ts`; `--print` only shows them. */
import { CASES } from '../cases.js';
import { publish, README } from '../markdown.js';
import { FIGURES } from './figures.js';
import { renderSearches } from './render.js';

publish(README, 'searches', renderSearches(CASES.map(({ name }) => FIGURES.read(name))));
