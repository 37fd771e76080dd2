import { BitloomError } from '../../kernel/errors.js';

export type Floats = Float32Array | Float64Array;

/**
 * One output of the float model over all samples: [samples * positions, classes]. Positions that do not count (padding)
 * have weight 0; all others count once where no weights are given.
 */
export type Output = LogitsOutput | RegressionOutput;

/** Unnormalised log-probabilities. Damage of a position is KL(float || moved) in nats; one class means its odds. */
export interface LogitsOutput {
  readonly kind: 'logits';
  readonly classes: number;
  readonly values: Floats;
  readonly weights?: Floats;
}

/**
 * Real values. Damage of a position is ||shift||^2 / (2 variance), the KL between normal distributions of that variance:
 * F = I / variance. With weight 2 / values of a sample it is the divergence that evaluations measure.
 */
export interface RegressionOutput {
  readonly kind: 'regression';
  readonly classes: number;
  readonly positions: number;
  readonly variance: number;
  readonly weights?: Floats;
}

/** The positions of one output that count, in the vectors that all outputs lie in one after another. */
export interface Segment {
  readonly kind: Output['kind'];
  /** Where its first value is in a vector. */
  readonly offset: number;
  /** Values of a position in a vector; a lone logit has its rival's, which is 0, beside it. */
  readonly width: number;
  /** Values of a position as they are given. */
  readonly classes: number;
  /** The positions that count, by number among those given. */
  readonly positions: Int32Array;
  /** Of each position that counts, over the number of samples: a mean over samples is a sum with these. */
  readonly weights: Float64Array;
  /** The chance of each class at each position that counts; empty for real values. */
  readonly chances: Float64Array;
}

/** What damage by shifts needs to know of the float model. */
export interface Outputs {
  readonly segments: readonly Segment[];
  /** Values of a vector: all that count of all outputs. */
  readonly length: number;
}

/** @throws `damage-outputs` when sizes do not agree. */
export function outputsOf(samples: number, outputs: readonly Output[]): Outputs {
  const segments: Segment[] = [];
  let offset = 0;
  for (const output of outputs) {
    const segment = segmentOf(samples, output, offset);
    segments.push(segment);
    offset += segment.positions.length * segment.width;
  }
  return { segments, length: offset };
}

function segmentOf(samples: number, output: Output, offset: number): Segment {
  const given = output.kind === 'logits' ? output.values.length / output.classes : output.positions;
  const { weights } = output;
  if (!Number.isInteger(given) || (weights && weights.length !== given)) throw wrongSize(given, weights?.length);
  const positions = Int32Array.from(Array(given).keys()).filter((row) => !weights || weights[row] > 0);
  const scale = output.kind === 'regression' ? 1 / output.variance : 1;
  const shared = {
    kind: output.kind,
    offset,
    width: output.kind === 'logits' ? Math.max(2, output.classes) : output.classes,
    classes: output.classes,
    positions,
    weights: Float64Array.from(positions, (row) => ((weights?.[row] ?? 1) * scale) / samples),
  };
  const chances = output.kind === 'logits' ? chancesOf(output, shared) : new Float64Array(0);
  return { ...shared, chances };
}

function chancesOf(
  { values }: LogitsOutput,
  { classes, width, positions }: Pick<Segment, 'classes' | 'width' | 'positions'>,
) {
  const chances = new Float64Array(positions.length * width);
  for (const [at, row] of positions.entries()) {
    const own = chances.subarray(at * width, (at + 1) * width);
    own.set(values.subarray(row * classes, (row + 1) * classes));
    softmax(own);
  }
  return chances;
}

function softmax(logits: Float64Array): void {
  const largest = logits.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
  let total = 0;
  for (let at = 0; at < logits.length; at++) {
    logits[at] = Math.exp(logits[at] - largest);
    total += logits[at];
  }
  for (let at = 0; at < logits.length; at++) logits[at] /= total;
}

/**
 * The shifts of all outputs, D = z(d) - z(0), as one vector of what counts. Logits' shifts are taken about their mean under the float
 * chances, which changes no softmax: it makes D' F D the sum of p D^2, so that rounding D is an error relative to that.
 *
 * @param shifts One an output, as large as the output itself.
 * @throws `damage-outputs` when sizes do not agree, `shift-not-finite` where some value that counts is not finite.
 */
export function shiftVector({ segments, length }: Outputs, shifts: readonly Floats[], name: string): Float64Array {
  const vector = new Float64Array(length);
  for (const [index, segment] of segments.entries()) gather(segment, shifts[index], vector);
  if (!vector.every(Number.isFinite)) throw notFinite(name);
  return vector;
}

function gather(segment: Segment, shifts: Floats, vector: Float64Array): void {
  const { offset, width, classes, positions, chances } = segment;
  const last = positions.length === 0 ? 0 : positions[positions.length - 1] + 1;
  if (shifts.length < last * classes) throw wrongSize(last * classes, shifts.length);
  for (const [at, row] of positions.entries()) {
    const own = vector.subarray(offset + at * width, offset + (at + 1) * width);
    own.set(shifts.subarray(row * classes, (row + 1) * classes));
    if (segment.kind === 'logits') centre(own, chances.subarray(at * width, (at + 1) * width));
  }
}

/** A class without a chance, such as one masked by -inf, has no shift: it can gain none. */
function centre(shift: Float64Array, chances: Float64Array): void {
  let mean = 0;
  for (let c = 0; c < shift.length; c++) {
    if (chances[c] === 0) shift[c] = 0;
    else mean += chances[c] * shift[c];
  }
  for (let c = 0; c < shift.length; c++) if (chances[c] > 0) shift[c] -= mean;
}

function wrongSize(expected: number, found: number | undefined): BitloomError {
  return new BitloomError({
    kind: 'internal',
    code: 'damage-outputs',
    message: `outputs, their weights and shifts do not have the same positions: ${expected} and ${found ?? 'none'}`,
  });
}

function notFinite(name: string): BitloomError {
  return new BitloomError({
    kind: 'model',
    code: 'shift-not-finite',
    message: `${name}: an output is not finite`,
    hint: 'take this format from the ladder of this unit: no plan that has it can hold a floor',
  });
}
