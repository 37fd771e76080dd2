/**
 * Which estimator of traces knows them best for its time: each runs a few probes over the same samples, and what it would
 * take to know every trace to 5 % follows, for errors fall with the root of the runs.
 *
 *     npx tsx bench/sensitivity/estimators.ts [--model NAME] [--samples N] [--probes N]
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median, sum } from '../../src/kernel/statistics.js';
import { createEvaluations } from '../../src/pipeline/baseline/evaluations.js';
import { withCache } from '../../src/pipeline/open/kept.js';
import { prepareSome } from '../../src/pipeline/open/open-data.js';
import { floatModel, openModel } from '../../src/pipeline/open/open-model.js';
import { withExecutor, withFolder } from '../../src/pipeline/open/workplace.js';
import { subjectOf } from '../../src/pipeline/select/derivative-measures.js';
import { findUnits } from '../../src/quantize/units.js';
import { significant } from '../../src/report/format.js';
import type { Subject as DerivedSubject } from '../../src/sensitivity/derived-programs.js';
import { estimate } from '../../src/sensitivity/estimate.js';
import type { TraceEstimatorName } from '../../src/sensitivity/estimators.js';
import { lossOf } from '../../src/sensitivity/loss-of-outputs.js';
import { traceEstimator } from '../../src/sensitivity/trace-estimator.js';
import { readingOf } from '../cases.js';
import { table } from '../markdown.js';
import { cutPart, SUBJECTS, type Subject } from '../rankers/samples.js';

const TOLERANCE = 0.05;
const BATCHES = [1, 8] as const;
/** Units that stand for all where each is asked alone. */
const ALONE = 6;

interface Row {
  readonly by: TraceEstimatorName | 'weights, unit by unit';
  readonly batch: number;
  readonly passes: number;
  readonly median: number;
  readonly worst: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      model: { type: 'string', default: 'resnet20' },
      samples: { type: 'string', default: '16' },
      probes: { type: 'string', default: '4' },
    },
  });
  const subject = SUBJECTS.find(({ of }) => of.name === values.model);
  if (!subject) throw new Error(`models: ${SUBJECTS.map(({ of }) => of.name).join(', ')}`);
  const rows = await rowsOf(subject, Number(values.samples), Number(values.probes));
  console.log(
    table(
      ['estimator', 'samples at once', 'passes', 'median error', 'worst error', 'passes to 5 %: median', 'worst'],
      rows.map(({ by, batch, passes, median, worst }) => [
        by,
        String(batch),
        significant(passes),
        percent(median),
        percent(worst),
        ...[median, worst].map((error) => significant(passes * (error / TOLERANCE) ** 2)),
      ]),
    ),
  );
}

function rowsOf(subject: Subject, samples: number, probes: number): Promise<readonly Row[]> {
  return withFolder((folder) =>
    withCache({ cache: join(folder, 'cache'), cacheSize: 2 ** 30, fresh: false }, ({ results }) =>
      withExecutor({ workers: 1, threads: 1 }, async (executor) => {
        const source = await openModel(subject.of.model);
        const data = await cutPart(subject.parts.ranking, join(folder, 'ranking'));
        const request = { ...readingOf(subject.of), data, samples, seed: 0 };
        const set = await prepareSome(request, source, join(folder, 'ranking.samples'), undefined);
        const evaluations = createEvaluations({ executor, results: { ...results, find: async () => undefined } });
        const reference = await evaluations.reference(floatModel(source, folder), set, folder);
        await evaluations.model(reference, { name: 'kl' }, floatModel(source, folder));
        const pass = await evaluations.model(reference, { name: 'kl' }, floatModel(source, folder));
        const units = findUnits(source.model);
        const all = subjectOf(source.model, reference.kinds, units);
        const rows: Row[] = [];
        for (const by of ['outputs', 'weights'] as const) {
          for (const batch of BATCHES) {
            const found = await measured(all, by, batch);
            rows.push({ by, batch, ...found, ...spreadOf(found.errors), passes: found.seconds / pass.seconds });
          }
        }
        const step = Math.max(1, Math.floor(units.length / ALONE));
        const some = units.filter((_, i) => i % step === 0);
        const single = [];
        for (const unit of some)
          single.push(await measured(subjectOf(source.model, reference.kinds, [unit]), 'weights', 1));
        const seconds = (sum(single.map((each) => each.seconds)) / some.length) * units.length;
        const errors = single.flatMap((each) => each.errors);
        rows.push({ by: 'weights, unit by unit', batch: 1, ...spreadOf(errors), passes: seconds / pass.seconds });
        return rows;

        async function measured(asked: DerivedSubject, by: TraceEstimatorName, batch: number) {
          const estimator = { ...traceEstimator(lossOf(reference.kinds), asked.wrt, by), mostTogether: batch };
          const inexact = { ...estimator, exactAfter: () => Number.POSITIVE_INFINITY };
          const run = (mostProbes: number) =>
            estimate(executor, asked, inexact, set, { seed: 0, precision: { tolerance: 0, mostProbes } });
          const opening = performance.now();
          await run(1);
          const began = performance.now();
          const { means } = await run(1 + probes);
          const seconds = ((performance.now() - began - (began - opening)) * (1 + probes)) / probes / 1000;
          const moving = [...means.values()].filter(({ mean }) => mean !== 0);
          return { seconds, errors: moving.map(({ mean, standardError }) => standardError / Math.abs(mean)) };
        }
      }),
    ),
  );
}

function spreadOf(errors: readonly number[]) {
  return { median: median(errors), worst: Math.max(...errors) };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

await main();
