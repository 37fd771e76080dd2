import { lossInput } from '../autodiff/losses.js';
import { probeOf, tangentOf } from '../autodiff/products.js';
import type { Sample } from '../data/dataset.js';
import type { Padding } from '../data/metric.js';
import { countedPositions } from '../data/metrics/padding.js';
import { sizeOf } from '../kernel/shape.js';
import { type DenseTensor, tensor } from '../kernel/tensor.js';
import { joinTensors } from '../runtime/join.js';
import type { ProgramFile } from './estimator.js';
import { type OutputLayout, probesOf } from './loss-of-outputs.js';
import { orthogonalSigns, signs, streamOf } from './probes.js';
import { noiseInput, targetInput } from './residuals.js';

/** One run of a program: which samples, and which of the random numbers that the seed fixes. */
export interface Draw {
  readonly samples: readonly Sample[];
  /** Their positions in the set: each sample has random numbers of its own, whichever batch it runs in. */
  readonly positions: readonly number[];
  readonly probe: number;
  readonly seed: number;
  readonly padding: Padding;
}

type Feeds = Readonly<Record<string, DenseTensor>>;

/** Everything that a program reads. A batch that is not full is filled with its first sample at weight 0. */
export function feedsFor(program: ProgramFile, draw: Draw): Feeds {
  const filled = new Map(program.layouts.flatMap((_, i) => outputInputs(program.layouts, i, draw)));
  return Object.fromEntries(
    program.inputs.map(({ name, shape }, i) => {
      const numbers = filled.get(name);
      if (numbers) return [name, tensor('float32', shape, padded(numbers(), sizeOf(shape)))];
      if (isTangent(name)) return [name, tensor('float32', shape, tangent(draw, i, sizeOf(shape)))];
      return [name, joined(draw.samples, name, program.batch)];
    }),
  );
}

/** What an output's loss and estimator read, made when a program asks for it. */
function outputInputs(
  layouts: readonly OutputLayout[],
  index: number,
  draw: Draw,
): readonly (readonly [string, () => Float32Array])[] {
  const layout = layouts[index];
  const { output } = layout;
  const before = probesOf(layouts.slice(0, index));
  const each = (make: (sample: Sample, position: number) => ArrayLike<number>) => () =>
    concatenated(draw.samples.map((sample, i) => make(sample, draw.positions[i])));
  return [
    [lossInput.weight(output), each((sample) => positionWeights(sample, layout, draw.padding))],
    [
      probeOf(output),
      each((_, position) => probeSigns(draw, position, probesOf(layouts)).subarray(before, before + layout.probes)),
    ],
    [noiseInput(output), each((_, position) => noise(draw, position, index, layout))],
    [targetInput(output), each((sample) => oneHot(sample, layout))],
  ];
}

/**
 * One probe of all outputs together: orthogonal to a sample's others where it runs alone. Of samples that run together the
 * products of their probes must cancel, which takes independent ones.
 */
function probeSigns({ seed, probe, samples }: Draw, position: number, count: number): Float32Array {
  return samples.length === 1
    ? orthogonalSigns(seed, position, probe, count)
    : signs(streamOf(seed, position, probe), count);
}

/** 1 where a position counts; of real values what makes the loss that of `divergence`. */
function positionWeights(sample: Sample, { positions, width, kind }: OutputLayout, padding: Padding): Float32Array {
  if (kind.kind === 'regression') return new Float32Array(positions).fill(2 / (positions * width * kind.variance));
  const counts = countedPositions({ ...sample, outputs: {}, reference: {} }, positions, padding);
  return Float32Array.from({ length: positions }, (_, t) => (counts(t) ? 1 : 0));
}

/** Gumbel noise: the highest of scores with it is a class drawn by their Softmax. Normal noise for real values. */
function noise(
  { seed, probe }: Draw,
  position: number,
  index: number,
  { positions, width, kind }: OutputLayout,
): Float32Array {
  const source = streamOf(seed, position, probe, index);
  const gumbel = () => -Math.log(-Math.log(Math.max(source.uniform(), Number.MIN_VALUE)));
  const next = kind.kind === 'regression' ? () => source.normal() : gumbel;
  return Float32Array.from({ length: positions * width }, next);
}

/** The label's class at each position; nothing where it has none. */
function oneHot({ label }: Sample, { positions, width }: OutputLayout): Float32Array {
  const classes = typeof label === 'number' ? [label] : (label ?? []);
  const target = new Float32Array(positions * width);
  classes.forEach((item, t) => {
    if (item >= 0 && item < width && t < positions) target[t * width + item] = 1;
  });
  return target;
}

function isTangent(name: string): boolean {
  return name.startsWith(tangentOf(''));
}

function tangent({ seed, positions, probe }: Draw, input: number, count: number): Float32Array {
  return signs(streamOf(seed, positions[0], probe, input), count);
}

function joined(samples: readonly Sample[], name: string, batch: number): DenseTensor {
  const parts = Array.from({ length: batch }, (_, i) => (samples[i] ?? samples[0]).inputs[name]);
  return joinTensors(parts);
}

function concatenated(parts: readonly ArrayLike<number>[]): Float32Array {
  const all = new Float32Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function padded(values: Float32Array, length: number): Float32Array {
  if (values.length === length) return values;
  const all = new Float32Array(length);
  all.set(values);
  return all;
}
