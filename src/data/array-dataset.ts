import { BitloomError } from '../kernel/errors.js';
import { printShape } from '../kernel/shape.js';
import { type DenseTensor, toNumbers } from '../kernel/tensor.js';
import type { Dataset, Label, Sample } from './dataset.js';
import { hashOf } from './fingerprint.js';
import { loadPixels } from './image-pixels.js';
import { type ImagePlan, type Pixels, toTensor, valueTable } from './image-plan.js';
import { type LabelRules, parseLabel } from './labels.js';
import { fitted, type ModelInput, shapeFits } from './model-inputs.js';
import { type NpyArray, readAll, readRow } from './npy.js';
import { problemList } from './problem-list.js';

const INPUT_NAMES = ['images', 'image', 'x', 'data', 'inputs', 'input', 'arr_0'];
const LABEL_NAMES = ['labels', 'label', 'y', 'targets', 'target', 'arr_1'];

/** Arrays whose first axis counts samples, and how they reach the model. */
export interface ArraySource {
  /** The file, as the user gave it. */
  readonly file: string;
  readonly arrays: ReadonlyMap<string, NpyArray>;
  readonly inputs: readonly ModelInput[];
  readonly rules: LabelRules;
  /** Asked for only when bytes of images are found. */
  readonly imagePlan: (input: ModelInput) => Promise<ImagePlan>;
}

/** How row i of an array becomes an input. */
interface Feed {
  readonly array: NpyArray;
  readonly note?: string;
  make(row: DenseTensor, sample: string): Promise<DenseTensor>;
}

export async function openArrays(source: ArraySource): Promise<Dataset> {
  const { file, inputs, rules } = source;
  const matched = matchInputs(source);
  const feeds = new Map<string, Feed>();
  for (const input of inputs) feeds.set(input.name, await feedFor(input, matched.get(input.name), source));
  const labelArray = LABEL_NAMES.map((name) => source.arrays.get(name)).find(
    (array) => array && ![...matched.values()].includes(array),
  );
  const length = sameLength(
    file,
    [...feeds.values()].map(({ array }) => array),
    labelArray,
  );
  const labels = labelArray && (await labelsOf(labelArray, rules));
  const labelled = labels === undefined ? {} : { label: (index: number) => labels[index] };
  return {
    name: file,
    length,
    labelled: labels !== undefined,
    notes: [...feeds.values()].flatMap(({ note }) => note ?? []),
    ...labelled,
    fingerprint: async (index) =>
      hashOf(
        ...(await Promise.all([...feeds.values()].map(({ array }) => readRow(array, index)))).map(({ bytes }) => bytes),
      ),
    read: (index) => readSampleOf(`${file}:${index}`, index, feeds, labels),
  };
}

async function readSampleOf(
  id: string,
  index: number,
  feeds: ReadonlyMap<string, Feed>,
  labels: readonly Label[] | undefined,
): Promise<Sample> {
  const inputs: Record<string, DenseTensor> = {};
  for (const [name, { array, make }] of feeds) inputs[name] = await make(await readRow(array, index), id);
  return { id, inputs, ...(labels && { label: labels[index] }) };
}

/** By the model's own names; the only input of a model may have a customary name, or be the only array. */
function matchInputs({ file, arrays, inputs }: ArraySource): ReadonlyMap<string, NpyArray> {
  const matched = new Map<string, NpyArray>();
  for (const { name } of inputs) {
    const array = arrays.get(name) ?? (inputs.length === 1 ? customary(arrays) : undefined);
    if (array) matched.set(name, array);
  }
  const missing = inputs.filter(({ name }) => !matched.has(name));
  if (missing.length === 0) return matched;
  throw new BitloomError({
    kind: 'data',
    code: 'input-missing',
    message: `has no array for the model's input ${missing.map(({ name }) => name).join(', ')}; it has ${[...arrays.keys()].join(', ')}`,
    place: { file },
    hint: 'Name the arrays as the inputs; with one input also images or x, and labels or y.',
  });
}

function customary(arrays: ReadonlyMap<string, NpyArray>): NpyArray | undefined {
  const named = INPUT_NAMES.map((name) => arrays.get(name)).find((array) => array !== undefined);
  return named ?? (arrays.size === 1 ? [...arrays.values()][0] : undefined);
}

async function feedFor(input: ModelInput, array: NpyArray | undefined, source: ArraySource): Promise<Feed> {
  if (!array) throw new RangeError(`no array for ${input.name}`);
  if (isImages(array, input)) return imageFeed(array, await source.imagePlan(input));
  return {
    array,
    note: `${array.name} goes to ${input.name} as it is, without preprocessing`,
    make: async (row, sample) => fitted(input, withBatch(row), sample),
  };
}

/** Bytes [N,H,W,C], [N,C,H,W] or [N,H,W] for an input of floats, or of bytes in another arrangement. */
function isImages({ dtype, dims }: NpyArray, input: ModelInput): boolean {
  if (dtype !== 'uint8' || input.shape?.length !== 4) return false;
  return input.dtype !== 'uint8' || !shapeFits(input.shape, [1, ...dims.slice(1)]);
}

function imageFeed(array: NpyArray, plan: ImagePlan): Feed {
  const order = pixelOrder(array);
  const table = valueTable(plan);
  const [height, width] = order.size;
  const kept = plan.spec.resize !== 'none' && plan.size?.height === height && plan.size.width === width;
  return {
    array,
    ...(kept && { note: `${array.name} already has the model's size: not resized` }),
    make: async (row) => toTensor(plan, table, await loadPixels(order.pixels(row.bytes), plan)),
  };
}

interface PixelOrder {
  readonly size: readonly [number, number];
  pixels(bytes: Uint8Array): Pixels;
}

function pixelOrder({ name, dims }: NpyArray): PixelOrder {
  const [, a, b, c] = dims;
  if (dims.length === 3) return interleaved(a, b, 1);
  if (dims.length === 4 && (c === 1 || c === 3)) return interleaved(a, b, c);
  if (dims.length === 4 && (a === 1 || a === 3)) return planar(a, b, c);
  throw new BitloomError({
    kind: 'data',
    code: 'input-mismatch',
    message: `has the shape ${printShape(dims)}; images are [N,H,W,C], [N,C,H,W] or [N,H,W] of 1 or 3 channels`,
    place: { file: name },
  });
}

function interleaved(height: number, width: number, channels: number): PixelOrder {
  return { size: [height, width], pixels: (data) => ({ height, width, channels, data }) };
}

function planar(channels: number, height: number, width: number): PixelOrder {
  const area = height * width;
  const pixels = (bytes: Uint8Array) => {
    const data = Uint8Array.from(bytes, (_, i) => bytes[(i % channels) * area + Math.floor(i / channels)]);
    return { height, width, channels, data };
  };
  return { size: [height, width], pixels };
}

function withBatch(row: DenseTensor): DenseTensor {
  return { ...row, dims: [1, ...row.dims] };
}

function sameLength(file: string, inputs: readonly NpyArray[], labels: NpyArray | undefined): number {
  const arrays = labels ? [...inputs, labels] : inputs;
  const [length = 0] = arrays[0]?.dims ?? [];
  if (length === 0) {
    throw new BitloomError({ kind: 'data', code: 'empty-data-set', message: 'there are no samples', place: { file } });
  }
  if (arrays.every(({ dims }) => dims[0] === length)) return length;
  throw new BitloomError({
    kind: 'data',
    code: 'lengths-differ',
    message: `the arrays differ in length: ${arrays.map(({ name, dims }) => `${name} ${printShape(dims)}`).join(', ')}`,
    place: { file },
  });
}

/** One label a row, or one a position. */
async function labelsOf(array: NpyArray, rules: LabelRules): Promise<readonly Label[]> {
  const values = toNumbers(await readAll(array));
  const [length, ...rest] = array.dims;
  const width = rest.reduce((size, dim) => size * dim, 1);
  const whole = Array.from(values);
  if (width > 1) return Array.from({ length }, (_, i) => whole.slice(i * width, (i + 1) * width));
  const problems = problemList();
  const labels = whole.map((value, i) => {
    try {
      return parseLabel(value, rules, { file: array.name, sample: String(i) });
    } catch (error) {
      problems.caught(error);
      return -1;
    }
  });
  problems.throwIfAny();
  return labels;
}
