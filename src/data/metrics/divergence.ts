import { toNumbers } from '../../kernel/tensor.js';
import type { OutputKind, OutputKinds, Padding, SampleResult } from '../metric.js';
import { oncePerPair } from './once-per.js';
import { countedPositions } from './padding.js';
import { logProbabilities, type Scores, scoresOf } from './scores.js';

/**
 * How far one sample's outputs are from the float model's, summed over outputs: for logits and probabilities the KL in
 * nats, summed over positions that count; for real values the mean squared difference over the output's variance.
 * Infinite where an output is not finite.
 */
export function divergence(result: SampleResult, kinds: OutputKinds, padding: Padding = {}): number {
  let total = 0;
  for (const [name, kind] of Object.entries(kinds)) total += outputDivergence(result, name, kind, padding);
  return total;
}

function outputDivergence(result: SampleResult, name: string, kind: OutputKind, padding: Padding): number {
  const [outputs, reference] = [result.outputs[name], result.reference[name]];
  if (kind.kind === 'regression') return relativeError(toNumbers(outputs), toNumbers(reference), kind.variance);
  const scores = scoresOf(outputs);
  return klOfOutput(scoresOf(reference), scores, kind, countedPositions(result, scores.positions, padding)).sum;
}

/** KL(reference || outputs) in nats summed over the positions that count, and how many they are. */
export function klOfOutput(
  reference: Scores,
  outputs: Scores,
  kind: OutputKind,
  counted: (position: number) => boolean,
): { readonly sum: number; readonly positions: number } {
  const klAt = POSITIONS[kind.kind](reference, outputs);
  let sum = 0;
  let positions = 0;
  for (let t = 0; t < outputs.positions; t++) {
    if (!counted(t)) continue;
    sum += klAt(t);
    positions++;
  }
  return { sum, positions };
}

/** KL at a position, computed when first asked for: the divergence and the metric `kl` need the same. */
const POSITIONS: { readonly [K in OutputKind['kind']]: ReturnType<typeof klPositions> } = {
  logits: klPositions({ kind: 'logits' }),
  probabilities: klPositions({ kind: 'probabilities' }),
  regression: klPositions({ kind: 'logits' }),
};

function klPositions(kind: OutputKind) {
  return oncePerPair((reference: Scores, outputs: Scores): ((position: number) => number) => {
    const width = Math.max(2, outputs.width);
    const [p, q, chances, unused] = Array.from({ length: 4 }, () => new Float64Array(width));
    const known = new Float64Array(outputs.positions).fill(UNKNOWN);
    return (t) => {
      if (known[t] !== UNKNOWN) return known[t];
      logProbabilities(reference, t, kind, p, chances);
      logProbabilities(outputs, t, kind, q, unused);
      known[t] = klOf(chances, p, q);
      return known[t];
    };
  });
}

/** No KL is negative. */
const UNKNOWN = -1;

/** A class that the reference gives no chance adds nothing. Rounding may leave -1e-17 of an exact 0. */
function klOf(chances: Float64Array, p: Float64Array, q: Float64Array): number {
  let total = 0;
  for (let i = 0; i < p.length; i++) if (chances[i] > 0) total += chances[i] * (p[i] - q[i]);
  return Number.isNaN(total) ? Number.POSITIVE_INFINITY : Math.max(0, total);
}

function relativeError(outputs: ArrayLike<number>, reference: ArrayLike<number>, variance: number): number {
  let total = 0;
  for (let i = 0; i < outputs.length; i++) total += (outputs[i] - reference[i]) ** 2;
  if (total === 0) return 0;
  const error = total / outputs.length / variance;
  return Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
}
