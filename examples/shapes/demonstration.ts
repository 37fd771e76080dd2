import { fileURLToPath } from 'node:url';
import type { Splits } from '../../src/data/dataset.js';
import { samplesToResolve } from '../../src/evaluate/paired-loss.js';
import type { Report } from '../../src/report/schema.js';
import { printReport } from '../../src/report/terminal.js';
import { type DrawingSet, SEEDS, samplesOf } from './dataset.js';

/** Share of its right answers that the network must keep. */
export const KEEP = 0.995;

/** The shipped network does better (test/examples/shapes.test.ts); used to tell how fine the floor is. */
export const LEAST_ACCURACY = 0.88;

export const MODEL = fileURLToPath(new URL('./shapes.onnx', import.meta.url));

/** As many selection drawings as it takes to see a loss as small as the floor allows. */
export const DEMO_SETS: Splits<DrawingSet> = {
  calibration: { seed: SEEDS.calibration, length: 256 },
  selection: { seed: SEEDS.selection, length: samplesToResolve((1 - KEEP) * LEAST_ACCURACY) },
  holdout: { seed: SEEDS.holdout, length: 2000 },
};

/** What the demo asks of bitloom. */
export function demoOptions(out: string) {
  return {
    model: MODEL,
    calibration: samplesOf(DEMO_SETS.calibration),
    selection: samplesOf(DEMO_SETS.selection),
    holdout: samplesOf(DEMO_SETS.holdout),
    keep: `${100 * KEEP}%`,
    metric: 'top1',
    // A run of a third of a millisecond would mostly measure how a second thread wakes up.
    threads: 1,
    out,
    overwrite: true,
  };
}

/** Quantizes the shipped network by `quantize` and prints what was won and lost. */
export async function demonstrate(
  quantize: (options: ReturnType<typeof demoOptions>) => Promise<Report>,
  out: string,
  print: (text: string) => void,
): Promise<void> {
  const { calibration, selection, holdout } = DEMO_SETS;
  print(`A small network names drawn shapes. It is to keep ${100 * KEEP} % of its right answers.`);
  print(`Drawings: ${calibration.length} to calibrate, ${selection.length} to decide, ${holdout.length} to report.\n`);
  const report = await quantize(demoOptions(out));
  print(printReport(report));
  print(wonAndLost(report));
}

/** Two sentences for whoever reads no tables. */
export function wonAndLost({ latency, size, pairedLoss, floor, units }: Report): string {
  const quantized = units.filter(({ format }) => format !== 'float').length;
  const points = (share: number) => (100 * share).toFixed(2);
  const { value, low, high, samples } = pairedLoss.holdout;
  return [
    `Won:  ${(1 / latency.ratio).toFixed(2)} times as fast, ${(size.floatBytes / size.resultBytes).toFixed(1)} times as small;`,
    `      ${quantized} of ${units.length} units quantized.`,
    `Lost: ${points(value)} points of accuracy on ${samples} drawings that decided nothing`,
    `      (95 % interval ${points(low)} to ${points(high)}). The floor was ${VERDICT[floor.status]}.`,
  ].join('\n');
}

const VERDICT = { held: 'held', 'not-held': 'not held', 'not-resolved': 'too fine for this data' } as const;
