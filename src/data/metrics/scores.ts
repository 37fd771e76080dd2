import { BitloomError } from '../../kernel/errors.js';
import { type DenseTensor, toNumbers } from '../../kernel/tensor.js';
import type { OutputKind } from '../metric.js';
import { oncePer } from './once-per.js';

/** Numbers over `width` classes at each of `positions`, row major. */
export interface Scores {
  readonly values: ArrayLike<number>;
  readonly positions: number;
  readonly width: number;
}

/** A tensor's elements, converted once where they must be. */
export const numbersOf = oncePer((tensor: DenseTensor) => toNumbers(tensor));

/** The last dimension holds the classes; all others, the batch dimension 1 included, are positions. */
export const scoresOf = oncePer((output: DenseTensor): Scores => {
  const values = numbersOf(output);
  const width = output.dims.at(-1) ?? 1;
  return { values, width, positions: width === 0 ? 0 : values.length / width };
});

/** The output that a metric judges: the named one, the only one, or the one called `logits`. */
export function mainOutput(outputs: Readonly<Record<string, DenseTensor>>, name: string | undefined): DenseTensor {
  const names = Object.keys(outputs);
  const wanted = name ?? (names.length === 1 ? names[0] : 'logits');
  if (Object.hasOwn(outputs, wanted)) return outputs[wanted];
  throw new BitloomError({
    kind: 'option',
    code: name ? 'unknown-output' : 'ambiguous-output',
    message: name ? `the model has no output ${name}` : 'the model has several outputs and none is called logits',
    hint: `name the one to judge: ${names.join(', ')}`,
  });
}

/**
 * The class with the highest score at a position, the first of equals; -1 where a score is NaN or +Infinity, which no
 * label and no other model's answer equals. A single score decides between classes 0 and 1.
 */
export function argmax(scores: Scores, position: number, kind: OutputKind | undefined): number {
  if (scores.width === 1) return binaryClass(scores.values[position], kind);
  const known = highestClasses(scores);
  if (known[position] === UNKNOWN) known[position] = highestAt(scores, position);
  return known[position];
}

/** The highest class of each position, as far as it was asked for. */
const highestClasses = oncePer(({ positions }: Scores) => new Int32Array(positions).fill(UNKNOWN));
const UNKNOWN = -2;

function highestAt({ values, width }: Scores, position: number): number {
  const start = position * width;
  let best = -1;
  let top = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < width; i++) {
    const score = values[start + i];
    if (!(score < Number.POSITIVE_INFINITY)) return -1;
    if (best >= 0 && score <= top) continue;
    best = i;
    top = score;
  }
  return best;
}

function binaryClass(score: number, kind: OutputKind | undefined): number {
  if (!Number.isFinite(score)) return -1;
  return score > (kind?.kind === 'probabilities' ? 0.5 : 0) ? 1 : 0;
}

/** Below it a probability is taken as this: the smallest normal float32. */
const SMALLEST = 2 ** -126;

/**
 * Log-probabilities of the classes at a position, in float64: scores minus their log-sum-exp, taken from the highest
 * score so that nothing overflows. Written to `into`, which has `width` elements (2 where the width is 1); the
 * probabilities, which cost nothing more, to `chances`.
 */
export function logProbabilities(
  scores: Scores,
  position: number,
  kind: OutputKind,
  into: Float64Array,
  chances: Float64Array,
): void {
  readLogits(scores, position, kind.kind === 'probabilities', into);
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < into.length; i++) highest = Math.max(highest, into[i]);
  let total = 0;
  for (let i = 0; i < into.length; i++) {
    chances[i] = Math.exp(into[i] - highest);
    total += chances[i];
  }
  const normaliser = highest + Math.log(total);
  for (let i = 0; i < into.length; i++) {
    into[i] -= normaliser;
    chances[i] /= total;
  }
}

function readLogits({ values, width }: Scores, position: number, probabilities: boolean, into: Float64Array): void {
  const start = position * width;
  const log = (probability: number) => Math.log(Math.max(probability, SMALLEST));
  if (width === 1) {
    into[0] = probabilities ? log(1 - values[start]) : 0;
    into[1] = probabilities ? log(values[start]) : values[start];
    return;
  }
  for (let i = 0; i < width; i++) into[i] = probabilities ? log(values[start + i]) : values[start + i];
}
