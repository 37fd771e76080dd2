import type { Metric, Row, SampleResult } from '../metric.js';
import { IGNORED, positionLabels } from './labels.js';
import { kindOf, type MetricOptions } from './options.js';
import { countedPositions, realTokens, tokenIds } from './padding.js';
import { argmax, mainOutput, numbersOf, type Scores, scoresOf } from './scores.js';
import { ratioOfTotals } from './totals.js';

/** Share of positions where logits [1, T, V] put the following token first; padding neither predicts nor is predicted. */
export function nextToken(options: MetricOptions): Metric {
  return tokenMetric('next-token', false, (result) => {
    const scores = scoresOf(mainOutput(result.outputs, options.output));
    const ids = numbersOf(tokenIds(result.inputs, options));
    const real = realTokens(result.inputs, scores.positions, options);
    const counted = (t: number) => t + 1 < ids.length && real(t) && real(t + 1);
    return hits(scores, counted, (t) => ids[t + 1], options);
  });
}

/** Share of positions whose label (one a position, -100 where none) has the highest score. */
export function tokenAccuracy(options: MetricOptions): Metric {
  return tokenMetric('token-accuracy', true, (result) => {
    const scores = scoresOf(mainOutput(result.outputs, options.output));
    const labels = positionLabels(result, scores.positions, scores.width);
    return hits(
      scores,
      (t) => labels[t] !== IGNORED,
      (t) => labels[t],
      options,
    );
  });
}

/** Share of positions, padding aside, where the float model's highest class is the highest here too. */
export function tokenAgreement(options: MetricOptions): Metric {
  const kind = kindOf(options);
  return tokenMetric('token-agreement', false, (result) => {
    const scores = scoresOf(mainOutput(result.outputs, options.output));
    const reference = scoresOf(mainOutput(result.reference, options.output));
    const counted = countedPositions(result, scores.positions, options);
    return hits(scores, counted, (t) => argmax(reference, t, kind), options);
  });
}

function tokenMetric(name: string, needsLabels: boolean, row: (result: SampleResult) => Row): Metric {
  return { name, higherIsBetter: true, kind: 'mean', needsLabels, row, value: ratioOfTotals };
}

/** [hits, positions counted] */
function hits(
  scores: Scores,
  counted: (position: number) => boolean,
  wanted: (position: number) => number,
  options: MetricOptions,
): Row {
  const kind = kindOf(options);
  let hit = 0;
  let count = 0;
  for (let t = 0; t < scores.positions; t++) {
    if (!counted(t)) continue;
    count++;
    const found = argmax(scores, t, kind);
    if (found >= 0 && found === wanted(t)) hit++;
  }
  return [hit, count];
}
