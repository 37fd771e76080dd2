/**
 * How long the traces of all units take, of weights and of what units read, to a standard error of 5 % by probes.
 *
 *     npx tsx bench/sensitivity/traces.ts [--model NAME] [--samples N] [--minutes N]
 *
 * Two workers of one thread each. Wants a quiet machine.
 */
import { parseArgs } from 'node:util';
import { median } from '../../src/kernel/statistics.js';
import { subjectOf } from '../../src/pipeline/select/estimate-all.js';
import { duration, significant } from '../../src/report/format.js';
import { estimate } from '../../src/sensitivity/estimate.js';
import { lossOf } from '../../src/sensitivity/loss-of-outputs.js';
import type { MeanEstimate } from '../../src/sensitivity/means.js';
import { traceEstimator } from '../../src/sensitivity/trace-estimator.js';
import { subjectNamed, withScene } from './scene.js';

const WORKERS = 2;
const TOLERANCE = 0.05;
const MOST_PROBES = 10_000;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      model: { type: 'string', default: 'resnet50' },
      samples: { type: 'string', default: '64' },
      minutes: { type: 'string', default: '15' },
    },
  });
  await withScene(subjectNamed(values.model), { samples: Number(values.samples), workers: WORKERS }, async (scene) => {
    const { source, units, set, kinds, executor, pass } = scene;
    const asked = subjectOf(source.model, kinds, units);
    const precision = { tolerance: TOLERANCE, mostProbes: MOST_PROBES, seconds: 60 * Number(values.minutes) };
    const started = performance.now();
    const found = await estimate(executor, asked, traceEstimator(lossOf(kinds), asked.wrt), set, {
      seed: 0,
      precision,
      onProgress: (done, total) => process.stderr.write(`\r${done}/${total} `),
    });
    const seconds = (performance.now() - started) / 1000;
    const { means, samples, probes, reason } = found;
    const errors = (of: (mean: MeanEstimate) => number) =>
      [...means.values()].filter(({ mean }) => mean !== 0).map((each) => of(each) / Math.abs(each.mean));
    const [byProbes, bySamples] = [errors((each) => each.standardError), errors((each) => each.acrossSamples)];
    console.log(
      `${values.model}: ${means.size} traces of ${units.length} units on ${samples} samples, ${probes} probes`,
    );
    console.log(`ended by ${reason} after ${duration(seconds)}, ${significant((WORKERS * seconds) / pass)} passes`);
    console.log(
      `standard error by probes: median ${percent(median(byProbes))}, worst ${percent(Math.max(...byProbes))}`,
    );
    console.log(`for other samples: median ${percent(median(bySamples))}, worst ${percent(Math.max(...bySamples))}`);
  });
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

await main();
