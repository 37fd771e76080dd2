/** Writes the figures between the markers of docs/dependencies.md: `npx tsx bench/damage/table.ts`; `--print` only shows them. */
import { publish } from '../markdown.js';
import { SUBJECTS } from '../rankers/samples.js';
import { FIGURES } from './figures.js';
import { renderDamage } from './render.js';

const PAGE = new URL('../../docs/dependencies.md', import.meta.url);

publish(PAGE, 'damage', renderDamage(SUBJECTS.map(({ of }) => FIGURES.read(of.name))));
