import { fileURLToPath } from 'node:url';
import type { Dataset, Splits } from '../../src/data/dataset.js';
import { samplesToResolve } from '../../src/evaluate/paired-loss.js';
import type { Report } from '../../src/report/schema.js';
import { printReport } from '../../src/report/terminal.js';
import { SEEDS, shapesDataset } from './dataset.js';

/** Share of its right answers that the network must keep. */
const KEEP = 0.995;

/** The shipped network does better (test/examples/shapes.test.ts); used to tell how fine the floor is. */
export const LEAST_ACCURACY = 0.9;

const CALIBRATION_DRAWINGS = 256;
const HOLDOUT_DRAWINGS = 2000;

/** What the demo asks of bitloom. */
export interface DemoJob {
  readonly model: string;
  readonly sets: Splits<Dataset>;
  /** The floor as the command line takes it. */
  readonly keep: string;
  readonly metric: 'top1';
  readonly seed: number;
}

/** As many selection drawings as it takes to see a loss as small as the floor allows. */
export function demoJob(): DemoJob {
  const allowed = (1 - KEEP) * LEAST_ACCURACY;
  return {
    model: fileURLToPath(new URL('./shapes.onnx', import.meta.url)),
    sets: {
      calibration: shapesDataset(SEEDS.calibration, CALIBRATION_DRAWINGS),
      selection: shapesDataset(SEEDS.selection, samplesToResolve(allowed)),
      holdout: shapesDataset(SEEDS.holdout, HOLDOUT_DRAWINGS),
    },
    keep: `${100 * KEEP}%`,
    metric: 'top1',
    seed: 1,
  };
}

/** Quantizes the shipped network by `quantize` and prints what was won and lost. */
export async function demonstrate(
  quantize: (job: DemoJob) => Promise<Report>,
  print: (text: string) => void,
): Promise<void> {
  const job = demoJob();
  const { calibration, selection, holdout } = job.sets;
  print(`A small network that names drawn shapes, to keep ${job.keep} of its right answers.`);
  print(`Drawings: ${calibration.length} to calibrate, ${selection.length} to decide, ${holdout.length} to report.\n`);
  const report = await quantize(job);
  print(printReport(report));
  print(wonAndLost(report));
}

/** One sentence for whoever reads no tables. */
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
