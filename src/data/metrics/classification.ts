import type { Metric, SampleResult } from '../metric.js';
import { classLabel } from './labels.js';
import { kindOf, type MetricOptions } from './options.js';
import { argmax, mainOutput, type Scores, scoresOf } from './scores.js';
import { columnSum, meanOfRows } from './totals.js';

/** Share of samples whose label is among the `k` classes with the highest scores; of equal scores the first count. */
export function topK(k: number, options: MetricOptions): Metric {
  const kind = kindOf(options);
  return {
    name: `top${k}`,
    higherIsBetter: true,
    kind: 'proportion',
    needsLabels: true,
    row: (result) => {
      const scores = scoresOf(mainOutput(result.outputs, options.output));
      const label = classLabel(result, classesOf(scores));
      const broken = argmax(scores, 0, kind) < 0;
      const hit = scores.width === 1 ? argmax(scores, 0, kind) === label || k > 1 : rankOf(scores, label) < k;
      return [!broken && hit ? 1 : 0];
    },
    value: meanOfRows,
  };
}

/** How many classes come before this one. */
function rankOf({ values, width }: Scores, label: number): number {
  let before = 0;
  for (let i = 0; i < width; i++) {
    if (values[i] > values[label] || (values[i] === values[label] && i < label)) before++;
  }
  return before;
}

/** F1 of class 1, over the whole set: 2 TP / (2 TP + FP + FN); 0 where the class neither occurs nor is predicted. */
export function f1(options: MetricOptions): Metric {
  return confusionMetric('f1', options, (rows) => f1Of(rows, 1));
}

/** The mean of each class's F1, over the classes that occur or are predicted. */
export function f1Macro(options: MetricOptions): Metric {
  return confusionMetric('f1-macro', options, (rows) => {
    const classes = new Set(rows.flat().filter((item) => item >= 0));
    const scores = [...classes].map((item) => [f1Of(rows, item)]);
    return columnSum(scores, 0) / Math.max(1, scores.length);
  });
}

/** Rows are [predicted, actual]; predicted is -1 where the output holds no answer. */
function confusionMetric(name: string, options: MetricOptions, value: Metric['value']): Metric {
  const kind = kindOf(options);
  return {
    name,
    higherIsBetter: true,
    kind: 'set',
    needsLabels: true,
    row: (result: SampleResult) => {
      const scores = scoresOf(mainOutput(result.outputs, options.output));
      return [argmax(scores, 0, kind), classLabel(result, classesOf(scores))];
    },
    value,
  };
}

function f1Of(rows: readonly (readonly number[])[], positive: number): number {
  let hits = 0;
  let misses = 0;
  for (const [predicted, actual] of rows) {
    if (predicted === positive && actual === positive) hits++;
    else if (predicted === positive || actual === positive) misses++;
  }
  return hits + misses === 0 ? 0 : (2 * hits) / (2 * hits + misses);
}

/** A single score tells two classes apart. */
function classesOf({ width }: Scores): number {
  return Math.max(2, width);
}
