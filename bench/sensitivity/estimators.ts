/**
 * Which estimator of traces knows them best for its time: each runs a few probes over the same samples, and what it would
 * take to know every trace to 5 % follows, for errors fall with the root of the runs.
 *
 *     npx tsx bench/sensitivity/estimators.ts [--model NAME] [--samples N] [--probes N]
 */
import { parseArgs } from 'node:util';
import { median, sum } from '../../src/kernel/statistics.js';
import { subjectOf } from '../../src/pipeline/select/estimate-all.js';
import { significant } from '../../src/report/format.js';
import type { Subject as DerivedSubject } from '../../src/sensitivity/derived-programs.js';
import { estimate } from '../../src/sensitivity/estimate.js';
import type { TraceEstimatorName } from '../../src/sensitivity/estimators.js';
import { lossOf } from '../../src/sensitivity/loss-of-outputs.js';
import { traceEstimator } from '../../src/sensitivity/trace-estimator.js';
import { table } from '../markdown.js';
import type { Subject } from '../rankers/samples.js';
import { type Scene, subjectNamed, withScene } from './scene.js';

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
  const subject = subjectNamed(values.model);
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
  return withScene(subject, { samples, workers: 1 }, async (scene) => {
    const { source, units, kinds, pass } = scene;
    const all = subjectOf(source.model, kinds, units);
    const rows: Row[] = [];
    for (const by of ['outputs', 'weights'] as const) {
      for (const batch of BATCHES) {
        const found = await measured(scene, { asked: all, by, batch, probes });
        rows.push({ by, batch, ...spreadOf(found.errors), passes: found.seconds / pass });
      }
    }
    const step = Math.max(1, Math.floor(units.length / ALONE));
    const some = units.filter((_, i) => i % step === 0);
    const single: Found[] = [];
    for (const unit of some) {
      const asked = subjectOf(source.model, kinds, [unit]);
      single.push(await measured(scene, { asked, by: 'weights', batch: 1, probes }));
    }
    const seconds = (sum(single.map((each) => each.seconds)) / some.length) * units.length;
    const errors = single.flatMap((each) => each.errors);
    return [...rows, { by: 'weights, unit by unit', batch: 1, ...spreadOf(errors), passes: seconds / pass }];
  });
}

interface Question {
  readonly asked: DerivedSubject;
  readonly by: TraceEstimatorName;
  readonly batch: number;
  readonly probes: number;
}

interface Found {
  readonly seconds: number;
  /** Standard errors, relative to their means. */
  readonly errors: readonly number[];
}

/** The time of all probes, by those after the first: that of deriving and opening is not theirs. */
async function measured({ kinds, executor, set }: Scene, { asked, by, batch, probes }: Question): Promise<Found> {
  const estimator = { ...traceEstimator(lossOf(kinds), asked.wrt, by), mostTogether: batch };
  const inexact = { ...estimator, exactAfter: () => Number.POSITIVE_INFINITY };
  const run = async (mostProbes: number) => {
    const began = performance.now();
    const { means } = await estimate(executor, asked, inexact, set, {
      seed: 0,
      precision: { tolerance: 0, mostProbes },
    });
    return { means, ms: performance.now() - began };
  };
  const { ms: opening } = await run(1);
  const { means, ms } = await run(1 + probes);
  const moving = [...means.values()].filter(({ mean }) => mean !== 0);
  return {
    seconds: ((ms - opening) * (1 + probes)) / probes / 1000,
    errors: moving.map(({ mean, standardError }) => standardError / Math.abs(mean)),
  };
}

function spreadOf(errors: readonly number[]) {
  return { median: median(errors), worst: Math.max(...errors) };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

await main();
