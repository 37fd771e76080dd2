import { DTYPES } from '../kernel/dtype.js';
import { BitloomError, type Problem } from '../kernel/errors.js';
import { numberToFloat16 } from '../kernel/float16.js';
import { printShape } from '../kernel/shape.js';
import { type DenseTensor, tensor } from '../kernel/tensor.js';
import { type ModelInput, refuseFixedBatch } from './model-inputs.js';
import type { Preprocessing } from './preprocessing.js';

/** Preprocessing held against the model's image input: everything that one image needs is settled. */
export interface ImagePlan {
  readonly input: ModelInput;
  readonly spec: Preprocessing;
  readonly layout: 'NCHW' | 'NHWC';
  /** Of the tensor; absent when neither the model nor the preprocessing fixes it: images keep their own. */
  readonly size?: Size;
  readonly channels: 1 | 3;
}

export interface Size {
  readonly height: number;
  readonly width: number;
}

/** Pixels as they are: 8 bits, rows of interleaved channels (H, W, C). */
export interface Pixels extends Size {
  readonly channels: number;
  readonly data: Uint8Array;
}

const IMAGE_DTYPES: readonly string[] = ['float32', 'float16', 'float64', 'uint8'];

/** The one input that takes images: four dimensions of floats (or of bytes, where the model normalises itself). */
export function imageInput(inputs: readonly ModelInput[]): ModelInput {
  const fits = inputs.filter(({ dtype, shape }) => IMAGE_DTYPES.includes(dtype) && shape?.length === 4);
  if (fits.length === 1 && inputs.length === 1) return fits[0];
  throw new BitloomError({
    kind: 'data',
    code: 'no-image-input',
    message: `images need a model with one input of 4 dimensions; this one takes ${inputs.map(printInput).join(', ')}`,
    hint: 'Pass the data as .npz with one array per input, as test_data_set_* folders, or from a module.',
  });
}

function printInput({ name, dtype, shape }: ModelInput): string {
  return `${name} ${dtype}${shape ? printShape(shape) : ''}`;
}

export function imagePlan(input: ModelInput, spec: Preprocessing): ImagePlan {
  refuseFixedBatch(input);
  const shape = input.shape ?? [null, null, null, null];
  const layout = spec.layout === 'auto' ? layoutOf(shape[1], shape[3]) : spec.layout;
  const [c, h, w] = layout === 'NCHW' ? [shape[1], shape[2], shape[3]] : [shape[3], shape[1], shape[2]];
  const channels = channelsOf(c, input);
  const size = sizeOf(typeof h === 'number' ? h : undefined, typeof w === 'number' ? w : undefined, spec);
  if (spec.resize === 'exact' && !size) throw unknownSize(input);
  const problems = [...channelProblems(spec, channels), ...byteProblems(spec, input)];
  if (problems.length > 0) throw new BitloomError(problems);
  return { input, spec, layout, channels, ...(size && { size }) };
}

function layoutOf(second: unknown, last: unknown): 'NCHW' | 'NHWC' {
  const isChannels = (dim: unknown) => dim === 1 || dim === 3;
  return !isChannels(second) && isChannels(last) ? 'NHWC' : 'NCHW';
}

function channelsOf(dim: unknown, input: ModelInput): 1 | 3 {
  if (dim === 1 || dim === 3) return dim;
  if (typeof dim !== 'number') return 3;
  throw new BitloomError({
    kind: 'data',
    code: 'input-mismatch',
    message: `the model's input ${input.name} wants ${dim} channels; images have 1 or 3`,
    hint: 'If the layout was misread, set "layout" in the preprocessing.',
  });
}

function sizeOf(height: number | undefined, width: number | undefined, { size }: Preprocessing): Size | undefined {
  const own = typeof size === 'number' ? { height: size, width: size } : size;
  const fixed = { height: height ?? own?.height, width: width ?? own?.width };
  return fixed.height && fixed.width ? { height: fixed.height, width: fixed.width } : undefined;
}

function unknownSize({ name, shape }: ModelInput): BitloomError {
  return new BitloomError({
    kind: 'option',
    code: 'image-size-unknown',
    message: `the model's input ${name} ${shape ? printShape(shape) : ''} does not say how large images are`,
    place: { option: 'preprocess' },
    hint: 'Give the preprocessing a size, for example --preprocess imagenet,size=224.',
  });
}

function channelProblems({ mean, std }: Preprocessing, channels: number): readonly Problem[] {
  if ([mean.length, std.length].every((length) => length === 1 || length === channels)) return [];
  return [
    {
      kind: 'option',
      code: 'bad-preprocessing',
      message: `mean and std have ${Math.max(mean.length, std.length)} values, the model takes ${channels} channels`,
      place: { option: 'preprocess' },
    },
  ];
}

function byteProblems({ scale, mean, std }: Preprocessing, { name, dtype }: ModelInput): readonly Problem[] {
  const identity = scale === 1 && mean.every((value) => value === 0) && std.every((value) => value === 1);
  if (dtype !== 'uint8' || identity) return [];
  return [
    {
      kind: 'option',
      code: 'bad-preprocessing',
      message: `the model's input ${name} takes bytes, so the pixels must stay as they are`,
      place: { option: 'preprocess' },
      hint: 'Use --preprocess none (with resize=shorter or resize=exact where images have other sizes).',
    },
  ];
}

/** value = (pixel * scale - mean) / std, for all 256 pixels of every channel of the tensor. */
export type ValueTable = readonly ArrayLike<number>[];

export function valueTable({ spec, channels, input }: ImagePlan): ValueTable {
  const at = (values: readonly number[], c: number) => (values.length === 1 ? values[0] : values[c]);
  return Array.from({ length: channels }, (_, c) => {
    const value = (pixel: number) => (pixel * spec.scale - at(spec.mean, c)) / at(spec.std, c);
    return Array.from({ length: 256 }, (_, pixel) =>
      input.dtype === 'float16' ? numberToFloat16(value(pixel)) : value(pixel),
    );
  });
}

/** Pixels of the final size to the tensor, `[1,C,H,W]` or `[1,H,W,C]`. */
export function toTensor(plan: ImagePlan, table: ValueTable, { data, height, width, channels }: Pixels): DenseTensor {
  const { dtype } = plan.input;
  const bytes = new ArrayBuffer(data.length * (DTYPES[dtype].bits / 8));
  const values = new DTYPES[dtype].view(bytes, 0, data.length);
  const area = height * width;
  const [step, plane] = plan.layout === 'NCHW' ? [1, area] : [channels, 1];
  for (let c = 0; c < channels; c++) {
    const from = plan.spec.channels === 'BGR' ? channels - 1 - c : c;
    for (let i = 0; i < area; i++) values[i * step + c * plane] = table[c][data[i * channels + from]];
  }
  const dims = plan.layout === 'NCHW' ? [1, channels, height, width] : [1, height, width, channels];
  return tensor(dtype, dims, values);
}
