/** Writes the figures as tables between the markers of README.md: `npx tsx bench/results/table.ts`; `--print` only shows them. */
import { CASES } from '../cases.js';
import { publish, README } from '../markdown.js';
import { FIGURES } from './figures.js';
import { renderResults } from './render.js';

publish(README, 'results', renderResults(CASES.map(({ name }) => FIGURES.read(name))));
