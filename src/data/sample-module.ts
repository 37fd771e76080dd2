import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { didYouMean } from '../kernel/did-you-mean.js';
import type { TypedArray } from '../kernel/dtype.js';
import { BitloomError } from '../kernel/errors.js';
import { sizeOf } from '../kernel/shape.js';
import { type DenseTensor, fromNumbers, type NumericDType, tensor } from '../kernel/tensor.js';
import type { Dataset, Label, PreparedSet, Sample } from './dataset.js';
import { hashOf } from './fingerprint.js';
import { isRecord } from './json-file.js';
import { type LabelRules, parseLabel } from './labels.js';
import { fitted, type ModelInput, shapeFits } from './model-inputs.js';
import { readSample, spool } from './prepared.js';
import { spoolFile } from './spool.js';

/** A tensor as users write one: an array of its numbers, with `dims` where the model leaves dimensions open. */
export type GivenTensor =
  | TypedArray
  | readonly number[]
  | { readonly data: TypedArray | readonly number[]; readonly dims?: readonly number[] };

/** One sample of a user's own source. */
export interface GivenSample {
  readonly id?: string;
  readonly inputs: Readonly<Record<string, GivenTensor>>;
  readonly label?: Label;
}

/** Samples in memory, from a generator, or from a function that makes one of them. */
export type GivenSamples =
  | AsyncIterable<GivenSample>
  | Iterable<GivenSample>
  | (() => AsyncIterable<GivenSample> | Iterable<GivenSample>);

export interface GivenReading {
  readonly inputs: readonly ModelInput[];
  readonly rules: LabelRules;
  /** At most this many are taken: an iterable may have no end. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

const MODULE = /\.[cm]?[jt]s$/;
const EXPORTS = ['default', 'samples', 'dataset', 'data'];

export function isModule(file: string): boolean {
  return MODULE.test(file);
}

/** A module whose default export, or `samples`, is an iterable of samples or a function that returns one. */
export async function openModule(file: string, reading: GivenReading): Promise<Dataset> {
  const loaded: unknown = await import(pathToFileURL(resolve(file)).href).catch((cause: unknown) => {
    throw notLoaded(file, cause);
  });
  const exported = Object(loaded);
  const source: unknown = EXPORTS.map((name) => exported[name]).find(isSource);
  if (isSource(source)) return openSamples(file, source, reading);
  throw bad(file, `exports no iterable of samples as ${EXPORTS.join(', ')}`);
}

/** Goes over the samples once and keeps them in a temporary file, so that they can be read in any order. */
export async function openSamples(name: string, source: GivenSamples, reading: GivenReading): Promise<Dataset> {
  const set = await spool(name, samplesOf(name, source, reading), spoolFile('.samples'));
  return spooled(name, set);
}

function spooled(name: string, set: PreparedSet): Dataset {
  return {
    name,
    length: set.length,
    labelled: set.labelled,
    fingerprint: async (index) => {
      const { inputs } = await readSample(set, index);
      return hashOf(...Object.values(inputs).map(({ bytes }) => bytes));
    },
    read: (index) => readSample(set, index),
  };
}

async function* samplesOf(name: string, source: GivenSamples, reading: GivenReading): AsyncGenerator<Sample> {
  const { limit = Number.POSITIVE_INFINITY, signal } = reading;
  let index = 0;
  if (limit <= 0) return;
  for await (const given of typeof source === 'function' ? source() : source) {
    signal?.throwIfAborted();
    yield sampleOf(name, index++, given, reading);
    if (index >= limit) return;
  }
}

function sampleOf(name: string, index: number, given: unknown, { inputs, rules }: GivenReading): Sample {
  const fields = isRecord(given) ? given : {};
  const id = typeof fields.id === 'string' ? fields.id : `${name}:${index}`;
  const values = fields.inputs;
  if (!isRecord(values)) throw bad(name, `sample ${index} has no { inputs }`);
  const tensors = inputs.map((input) => [input.name, givenTensor(input, values, id)] as const);
  const label = givenLabel(fields.label, rules, id);
  return { id, inputs: Object.fromEntries(tensors), ...(label === undefined ? {} : { label }) };
}

function givenLabel(label: unknown, rules: LabelRules, sample: string): Label | undefined {
  if (label === undefined || label === null) return undefined;
  if (!isNumbers(label)) return parseLabel(label, rules, { sample });
  const values: ArrayLike<number | bigint> = label;
  return Array.from(values, (value) => (Number(value) === -100 ? -100 : parseLabel(value, rules, { sample })));
}

function givenTensor(input: ModelInput, values: Readonly<Record<string, unknown>>, sample: string): DenseTensor {
  if (!Object.hasOwn(values, input.name)) throw inputMissing(input, Object.keys(values), sample);
  const value = values[input.name];
  const data = isNumbers(value) ? value : isRecord(value) ? value.data : undefined;
  if (!isNumbers(data)) throw bad(sample, `input ${input.name} is not an array of numbers, nor { data, dims }`);
  const stated = isRecord(value) && isNumbers(value.dims) ? plainNumbers(value.dims) : undefined;
  const dims = stated ?? dimsFor(input, data.length);
  if (sizeOf(dims) !== data.length) throw bad(sample, `input ${input.name} has ${data.length} values for [${dims}]`);
  return fitted(input, denseTensor(input, data, dims, sample), sample);
}

/** The model's own dimensions, batch 1; one other open dimension follows from the number of values. */
function dimsFor({ name, shape }: ModelInput, count: number): readonly number[] {
  const batched = (shape ?? [null, count]).map((dim, i) => (i === 0 && typeof dim !== 'number' ? 1 : dim));
  const known = batched.filter((dim) => typeof dim === 'number');
  const open = batched.length - known.length;
  const dims = batched.map((dim) => (typeof dim === 'number' ? dim : count / sizeOf(known)));
  if (open <= 1 && dims.every(Number.isInteger)) return dims;
  throw new BitloomError({
    kind: 'data',
    code: 'input-mismatch',
    message: `${count} values do not tell the dimensions of the input ${name}`,
    hint: 'Give { data, dims }.',
  });
}

const ARRAY_DTYPES: readonly (readonly [new (length: number) => TypedArray, NumericDType])[] = [
  [Float32Array, 'float32'],
  [Float64Array, 'float64'],
  [BigInt64Array, 'int64'],
  [Int32Array, 'int32'],
  [Int16Array, 'int16'],
  [Int8Array, 'int8'],
  [BigUint64Array, 'uint64'],
  [Uint32Array, 'uint32'],
  [Uint16Array, 'uint16'],
  [Uint8Array, 'uint8'],
];

/** Plain numbers take the input's type; a typed array has its own (16-bit floats travel as Uint16Array). */
function denseTensor(
  { name, dtype, shape }: ModelInput,
  data: TypedArray | readonly number[],
  dims: readonly number[],
  sample: string,
): DenseTensor {
  if (isPlain(data)) {
    const whole = dtype.startsWith('float') || data.every(Number.isInteger);
    if (!whole) throw bad(sample, `input ${name} wants ${dtype}, the data has fractions`);
    return fromNumbers(dtype, dims, data);
  }
  const own = ARRAY_DTYPES.find(([arrayType]) => data instanceof arrayType)?.[1] ?? 'uint8';
  const bits16 = own === 'uint16' && (dtype === 'float16' || dtype === 'bfloat16') && shapeFits(shape, dims);
  return tensor(bits16 ? dtype : own, dims, data);
}

function plainNumbers(values: ArrayLike<number | bigint>): readonly number[] {
  return Array.from(values, Number);
}

function isPlain(data: TypedArray | readonly number[]): data is readonly number[] {
  return Array.isArray(data);
}

function isNumbers(value: unknown): value is TypedArray | readonly number[] {
  if (Array.isArray(value)) return value.every((item) => typeof item === 'number');
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

/** Whether a value can give samples: an iterable, or a function that makes one. */
export function isSource(value: unknown): value is GivenSamples {
  if (typeof value === 'function') return true;
  return typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
}

function inputMissing({ name }: ModelInput, got: readonly string[], sample: string): BitloomError {
  return new BitloomError({
    kind: 'data',
    code: 'input-missing',
    message: `has no input ${name}`,
    place: { sample },
    ...(got.length > 0 && { hint: didYouMean(name, got) }),
  });
}

function notLoaded(file: string, cause: unknown): BitloomError {
  const typescript = /\.[cm]?ts$/.test(file);
  return new BitloomError(
    {
      kind: 'data',
      code: 'module-not-loaded',
      message: `cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`,
      place: { file },
      ...(typescript && { hint: 'Compile it to .js, or run node with --import tsx.' }),
    },
    { cause },
  );
}

function bad(file: string, message: string): BitloomError {
  return new BitloomError({ kind: 'data', code: 'bad-samples', message, place: { file } });
}
