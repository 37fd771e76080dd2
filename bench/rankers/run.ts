/**
 * How well each ranker foretells the divergence of a unit quantized alone, on samples that it has not seen.
 *
 *     npx tsx bench/rankers/run.ts [--model NAME] [--cache FOLDER]
 *
 * A finished ranker is written at once to bench/rankers/figures/MODEL.json and left out when run again; then the truth
 * is measured, of which every run is kept in the cache. Wants a quiet machine.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { withCache } from '../../src/pipeline/open/kept.js';
import { withExecutor, withFolder } from '../../src/pipeline/open/workplace.js';
import { duration, roughly, significant } from '../../src/report/format.js';
import { RANKER_NAMES, type RankerName } from '../../src/sensitivity/rankers.js';
import { type Clock, createClock } from '../clock.js';
import { noting } from '../observers.js';
import { FIGURES, type RankerStep } from './figures.js';
import { openStudy, type Study } from './measure.js';
import { shown } from './render.js';
import { SUBJECTS, type Subject } from './samples.js';

/** Two workers of one thread each, as the machine has cores. */
const WORKFORCE = { workers: 2, threads: 1 };

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { model: { type: 'string' }, cache: { type: 'string', default: join(tmpdir(), 'bitloom-rankers') } },
  });
  const named = SUBJECTS.filter(({ of }) => values.model === undefined || of.name === values.model);
  if (named.length === 0) throw new Error(`models: ${SUBJECTS.map(({ of }) => of.name).join(', ')}`);
  const pending = named.filter(({ of }) => !('truth' in FIGURES.read(of.name).steps));
  const clock = createClock(new Map(pending.map(({ of, seconds }) => [of.name, seconds])));
  console.log(`${pending.length} models to study, about ${roughly(clock.left())}`);
  for (const subject of pending) await studyModel(subject, values.cache, clock);
}

async function studyModel(subject: Subject, cache: string, clock: Clock): Promise<void> {
  const started = performance.now();
  await withFolder((folder) =>
    withCache({ cache, cacheSize: 8 * 2 ** 30, fresh: false }, ({ results }) =>
      withExecutor(WORKFORCE, async (executor) => {
        const study = await openStudy(subject, { folder, executor, results, observer: noting });
        try {
          await runStudy(study);
        } finally {
          await study.close();
        }
      }),
    ),
  );
  const seconds = (performance.now() - started) / 1000;
  clock.did(subject.of.name, seconds);
  console.log(`${subject.of.name}: ${duration(seconds)}; about ${roughly(clock.left())} left`);
}

async function runStudy(study: Study): Promise<void> {
  const { name } = study.subject.of;
  const known = new Map<RankerName, RankerStep>();
  for (const ranker of RANKER_NAMES) {
    const found = FIGURES.read(name).steps[ranker];
    const step = found?.kind === 'ranker' ? found : await study.ranker(ranker);
    if (!found) FIGURES.write(name, ranker, step);
    known.set(ranker, step);
    console.log(`${name} ${ranker}: ${duration(step.taken)}, ${significant(step.passes)} passes`);
  }
  const truth = await study.truth(known);
  FIGURES.write(name, 'truth', truth);
  for (const [format, { halves, rankers }] of Object.entries(truth.formats)) {
    console.log(`${name} ${format}: truth on halves ${shown(halves.spearman)}`);
    for (const [ranker, { spearman, kendall }] of Object.entries(rankers))
      console.log(`  ${ranker}: spearman ${shown(spearman)}, kendall ${shown(kendall)}`);
  }
}

await main();
