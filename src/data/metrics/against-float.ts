import type { DenseTensor } from '../../kernel/tensor.js';
import type { Metric, SampleResult } from '../metric.js';
import { klOfOutput } from './divergence.js';
import { oncePerPair } from './once-per.js';
import { kindOf, type MetricOptions } from './options.js';
import { countedPositions } from './padding.js';
import { argmax, mainOutput, numbersOf, scoresOf } from './scores.js';
import { columnSum, meanOfRows, ratioOfTotals } from './totals.js';

/** Share of samples whose highest class is the float model's. */
export function agreement(options: MetricOptions): Metric {
  const kind = kindOf(options);
  return {
    name: 'agreement',
    higherIsBetter: true,
    kind: 'proportion',
    needsLabels: false,
    row: (result) => {
      const [outputs, reference] = pair(result, options.output);
      const found = argmax(scoresOf(outputs), 0, kind);
      return [found >= 0 && found === argmax(scoresOf(reference), 0, kind) ? 1 : 0];
    },
    value: meanOfRows,
  };
}

/** Mean KL(float || this) in nats over the positions that count. */
export function kl(options: MetricOptions): Metric {
  const kind = kindOf(options);
  return {
    name: 'kl',
    higherIsBetter: false,
    kind: 'mean',
    needsLabels: false,
    row: (result) => {
      const [outputs, reference] = pair(result, options.output).map(scoresOf);
      const counted = countedPositions(result, outputs.positions, options);
      const { sum, positions } = klOfOutput(reference, outputs, kind, counted);
      return [sum, positions];
    },
    value: ratioOfTotals,
  };
}

/** Mean over samples of the cosine between this output and the float model's; 0 where one of them is 0 or not finite. */
export function cosine(options: MetricOptions): Metric {
  return meanMetric('cosine', true, (result) => {
    const { power, wanted, product } = powersOf(...pair(result, options.output));
    const value = product / Math.sqrt(power * wanted);
    return Number.isFinite(value) ? value : 0;
  });
}

/** Mean over samples of the mean squared difference from the float model's output. */
export function mse(options: MetricOptions): Metric {
  return meanMetric('mse', false, (result) => {
    const { noise, length } = powersOf(...pair(result, options.output));
    return finiteOr(Number.POSITIVE_INFINITY, noise / length);
  });
}

/** What float32 itself resolves: 24 bits of 6.02 dB. Equal outputs reach it, so that a baseline has a finite value. */
const MOST_DECIBELS = 20 * Math.log10(2 ** 24);

/** Signal over quantization noise of the whole set, in dB, at most 144.5. Rows are [signal power, noise power]. */
export function sqnr(options: MetricOptions): Metric {
  return {
    name: 'sqnr',
    higherIsBetter: true,
    kind: 'set',
    needsLabels: false,
    row: (result) => {
      const { wanted, noise } = powersOf(...pair(result, options.output));
      return [wanted, finiteOr(Number.POSITIVE_INFINITY, noise)];
    },
    value: (rows) => Math.min(MOST_DECIBELS, 10 * Math.log10(columnSum(rows, 0) / columnSum(rows, 1))),
  };
}

function meanMetric(name: string, higherIsBetter: boolean, value: (result: SampleResult) => number): Metric {
  return {
    name,
    higherIsBetter,
    kind: 'mean',
    needsLabels: false,
    row: (result) => [value(result), 1],
    value: ratioOfTotals,
  };
}

function pair(result: SampleResult, name: string | undefined): readonly [DenseTensor, DenseTensor] {
  return [mainOutput(result.outputs, name), mainOutput(result.reference, name)];
}

/** Sums over the elements of an output and the float model's: `wanted` is the power of the latter. */
const powersOf = oncePerPair((output: DenseTensor, reference: DenseTensor) => {
  const [values, references] = [numbersOf(output), numbersOf(reference)];
  let power = 0;
  let wanted = 0;
  let product = 0;
  let noise = 0;
  for (let i = 0; i < values.length; i++) {
    const a = values[i];
    const b = references[i];
    power += a * a;
    wanted += b * b;
    product += a * b;
    noise += (a - b) * (a - b);
  }
  return { power, wanted, product, noise, length: values.length };
});

function finiteOr(fallback: number, value: number): number {
  return Number.isFinite(value) ? value : fallback;
}
