import type { Sample } from '../../data/dataset.js';
import type { OutputKind, Padding } from '../../data/metric.js';
import { countedPositions } from '../../data/metrics/padding.js';
import { logProbabilities, scoresOf } from '../../data/metrics/scores.js';
import { readPrepared } from '../../data/prepared.js';
import { type Reference, readReference } from '../../evaluate/reference.js';
import type { DenseTensor } from '../../kernel/tensor.js';
import { toNumbers } from '../../kernel/tensor.js';
import { type Output, type Outputs, outputsOf, shiftVector } from '../../search/damage/outputs.js';
import { type StoredVector, stored } from '../../search/damage/stored-vector.js';

type Tensors = Readonly<Record<string, DenseTensor>>;

/** What the float model answers for some samples, and shifts from there. */
export interface FloatOutputs {
  readonly outputs: Outputs;
  readonly samples: number;
  /** Gathers what one variant answers, sample by sample in any order. */
  shift(name: string): ShiftBuilder;
}

export interface ShiftBuilder {
  add(sample: number, answers: Tensors): void;
  /** In halves, when all samples are there. */
  finish(): StoredVector;
}

/**
 * The outputs as a damage model wants them: log-probabilities of every position that counts, weighted so that damage is the
 * divergence that evaluations measure; real values by their variance.
 *
 * @param mostValues Of all outputs together: no more samples are taken than have so many, but one at least.
 */
export async function floatOutputs(reference: Reference, padding: Padding, mostValues: number): Promise<FloatOutputs> {
  const { set, parts, kinds } = reference;
  const columns = Object.entries(kinds).map(([name, kind]) => createColumn(name, kind));
  const answers = readReference(parts, 0, set.length);
  let samples = 0;
  for await (const sample of readPrepared(set)) {
    const { value } = await answers.next();
    if (!value) break;
    for (const column of columns) column.add(sample, value.inputs, padding);
    samples++;
    if (columns.reduce((total, { size }) => total + size(), 0) * (1 + 1 / samples) > mostValues) break;
  }
  await answers.return(undefined);
  const outputs = outputsOf(
    samples,
    columns.map((column) => column.output()),
  );
  return {
    outputs,
    samples,
    shift(name) {
      const raw = columns.map((column) => new Float32Array(column.size()));
      return {
        add(sample, found) {
          for (const [at, column] of columns.entries()) column.write(raw[at], sample, found);
        },
        finish: () => stored(shiftVector(outputs, raw, name), 'half'),
      };
    },
  };
}

/** One output over all samples. */
interface Column {
  add(sample: Sample, answers: Tensors, padding: Padding): void;
  output(): Output;
  size(): number;
  write(into: Float32Array, sample: number, answers: Tensors): void;
}

function createColumn(name: string, kind: OutputKind): Column {
  const rows: Float64Array[] = [];
  const starts: number[] = [];
  const weights: number[] = [];
  let size = 0;
  let width = 1;
  return {
    add(sample, answers, padding) {
      const values = valuesOf(answers[name], kind);
      if (kind.kind === 'regression') {
        for (let at = 0; at < values.length; at++) weights.push(2 / values.length);
      } else {
        const { positions } = scoresOf(answers[name]);
        width = positions === 0 ? width : values.length / positions;
        const counts = countedPositions({ ...sample, outputs: answers, reference: answers }, positions, padding);
        for (let t = 0; t < positions; t++) weights.push(counts(t) ? 1 : 0);
      }
      rows.push(values);
      starts.push(size);
      size += values.length;
    },
    size: () => size,
    output() {
      const own = { classes: width, weights: Float64Array.from(weights) };
      if (kind.kind === 'regression') return { kind: 'regression', ...own, positions: size, variance: kind.variance };
      const values = new Float64Array(size);
      for (const [at, row] of rows.entries()) values.set(row, starts[at]);
      return { kind: 'logits', ...own, values };
    },
    write(into, sample, answers) {
      const values = valuesOf(answers[name], kind);
      const [own, start] = [rows[sample], starts[sample]];
      for (let at = 0; at < own.length; at++) into[start + at] = values[at] - own[at];
    },
  };
}

/** Log-probabilities position by position, or the values themselves. */
function valuesOf(answer: DenseTensor, kind: OutputKind): Float64Array {
  if (kind.kind === 'regression') return Float64Array.from(toNumbers(answer));
  const scores = scoresOf(answer);
  const width = Math.max(2, scores.width);
  const values = new Float64Array(scores.positions * width);
  const chances = new Float64Array(width);
  for (let t = 0; t < scores.positions; t++)
    logProbabilities(scores, t, kind, values.subarray(t * width, (t + 1) * width), chances);
  return values;
}
