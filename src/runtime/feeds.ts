import type { Value } from '../graph/model.js';
import { BitloomError } from '../kernel/errors.js';
import { type Random, random } from '../kernel/random.js';
import { type Dim, sizeOf } from '../kernel/shape.js';
import { type DenseTensor, fromNumbers, type NumericDType } from '../kernel/tensor.js';
import { joinTensors } from './join.js';

export type Feeds = Readonly<Record<string, DenseTensor>>;

/** What a model is fed when its speed is measured: real samples of batch 1, or numbers made from its inputs' types. */
export type FeedSource =
  | { readonly kind: 'samples'; readonly samples: readonly Feeds[]; readonly batch: number }
  | {
      readonly kind: 'generated';
      readonly batch: number;
      readonly seed: number;
      /** Sizes of named dimensions, such as `{sequence: 128}`. */
      readonly dims?: Readonly<Record<string, number>>;
      /** Of every other dimension that is open, beside the batch; 224 of images and 128 else when left out. */
      readonly length?: number;
    };

/** Feeds that may differ in cost: those that are made up are all of one size. */
export function distinctFeeds(source: FeedSource): number {
  return source.kind === 'samples' ? source.samples.length : 1;
}

/** Different feeds that are run in turn. */
const GENERATED = 4;
/** Token ids that every vocabulary has. */
const IDS = 100;
const SEQUENCE = 128;
const IMAGE_SIDE = 224;

/** Feeds for a model with these inputs; every one of `batch` samples. */
export function feedsFor(inputs: readonly Value[], source: FeedSource): readonly Feeds[] {
  if (source.kind === 'samples') return batched(source.samples, source.batch);
  const numbers = random(source.seed);
  return Array.from({ length: GENERATED }, () =>
    Object.fromEntries(inputs.map((input) => [input.name, generate(input, source, numbers)])),
  );
}

/** Each feed starts at another sample; samples of unequal shape cannot be joined, so each is repeated then. */
function batched(samples: readonly Feeds[], batch: number): readonly Feeds[] {
  const shape = (feeds: Feeds) => JSON.stringify(Object.entries(feeds).map(([name, { dims }]) => [name, dims]));
  const equal = samples.every((sample) => shape(sample) === shape(samples[0]));
  return samples.map((sample, i) => {
    const chosen = Array.from({ length: batch }, (_, k) => (equal ? samples[(i + k) % samples.length] : sample));
    return Object.fromEntries(Object.keys(sample).map((name) => [name, joinTensors(chosen.map((one) => one[name]))]));
  });
}

function generate(input: Value, source: FeedSource & { readonly kind: 'generated' }, numbers: Random): DenseTensor {
  if (input.type?.kind !== 'tensor' || input.type.dtype === 'string') throw notGenerated(input);
  const { dtype, shape = [] } = input.type;
  const dims = shape.map((dim, axis) => sizeAt(dim, axis, shape.length, source));
  const [own] = shape;
  if (typeof own === 'number' && source.batch > 1 && own !== source.batch) throw fixedBatch(input, own);
  const element = elementOf(input.name, dtype, dims, numbers);
  return fromNumbers(
    dtype,
    dims,
    Float64Array.from({ length: sizeOf(dims) }, (_, i) => element(i)),
  );
}

function sizeAt(
  dim: Dim,
  axis: number,
  rank: number,
  { batch, dims = {}, length }: FeedSource & { readonly kind: 'generated' },
): number {
  if (typeof dim === 'number') return dim;
  if (dim !== null && Object.hasOwn(dims, dim)) return dims[dim];
  if (axis === 0) return batch;
  return length ?? (rank === 4 ? IMAGE_SIDE : SEQUENCE);
}

/** Numbers as such an input would hold them: a mask keeps all, segments are the first, positions count up. */
function elementOf(
  name: string,
  dtype: NumericDType,
  dims: readonly number[],
  numbers: Random,
): (index: number) => number {
  if (/mask/i.test(name) || dtype === 'bool') return () => 1;
  if (/float/.test(dtype)) return () => numbers.normal();
  if (/type|segment/i.test(name)) return () => 0;
  if (/position/i.test(name)) return (i) => i % (dims.at(-1) ?? 1);
  return () => numbers.below(IDS);
}

function notGenerated(input: Value): BitloomError {
  return new BitloomError({
    kind: 'model',
    code: 'input-not-generated',
    message: 'values for this input cannot be made up',
    place: { tensor: input.name },
    hint: 'give data',
  });
}

function fixedBatch(input: Value, batch: number): BitloomError {
  const message = `the model's batch dimension is fixed at ${batch}`;
  return new BitloomError({ kind: 'option', code: 'fixed-batch', message, place: { tensor: input.name } });
}
