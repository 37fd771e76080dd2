/**
 * How well each source of interactions foretells the divergence of random plans, on samples that it has not seen.
 *
 *     npx tsx bench/damage/run.ts [--model NAME] [--pairs N] [--cache FOLDER]
 *
 * A finished model is written to bench/damage/figures/MODEL.json and left out when run again.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { withCache } from '../../src/pipeline/open/kept.js';
import { withExecutor, withFolder } from '../../src/pipeline/open/workplace.js';
import { duration } from '../../src/report/format.js';
import { noting } from '../observers.js';
import { SUBJECTS, type Subject } from '../rankers/samples.js';
import { openScene } from '../rankers/scene.js';
import { FIGURES } from './figures.js';
import { measureDamage } from './measure.js';
import { lines } from './render.js';

/** Two workers of one thread each, as the machine has cores. */
const WORKFORCE = { workers: 2, threads: 1 };

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      model: { type: 'string' },
      pairs: { type: 'string', default: '1000' },
      cache: { type: 'string', default: join(tmpdir(), 'bitloom-damage') },
    },
  });
  const named = SUBJECTS.filter(({ of }) => values.model === undefined || of.name === values.model);
  if (named.length === 0) throw new Error(`models: ${SUBJECTS.map(({ of }) => of.name).join(', ')}`);
  for (const subject of named) {
    if ('plans' in FIGURES.read(subject.of.name).steps) continue;
    await study(subject, Number(values.pairs), values.cache);
  }
}

async function study(subject: Subject, pairs: number, cache: string): Promise<void> {
  await withFolder((folder) =>
    withCache({ cache, cacheSize: 8 * 2 ** 30, fresh: false }, ({ results }) =>
      withExecutor(WORKFORCE, async (executor) => {
        const scene = await openScene(subject, { folder, executor, results, observer: noting });
        try {
          const step = await measureDamage(subject, scene, pairs);
          FIGURES.write(subject.of.name, 'plans', step);
          console.log(`${subject.of.name}: ${duration(step.seconds)}`);
          for (const line of lines(step)) console.log(line);
        } finally {
          await scene.close();
        }
      }),
    ),
  );
}

await main();
