/** Writes the figures as tables between the markers of docs/sensitivity.md: `npx tsx bench/rankers/table.ts`; `--print` only shows them. */
import { publish } from '../markdown.js';
import { FIGURES } from './figures.js';
import { renderRankers } from './render.js';
import { SUBJECTS } from './samples.js';

const PAGE = new URL('../../docs/sensitivity.md', import.meta.url);

publish(PAGE, 'rankers', renderRankers(SUBJECTS.map(({ of }) => FIGURES.read(of.name))));
