import { z } from 'zod';
import { didYouMean } from '../kernel/did-you-mean.js';
import { BitloomError, type Place, type Problem } from '../kernel/errors.js';

const side = z.int().min(1).max(16384);
const perChannel = z.array(z.number()).min(1).max(4);

/**
 * How an image becomes a tensor, as plain data:
 *
 *   1. `resize`: `exact` to the input's size; `shorter`: the shorter side to `shorterSide`, or to the input's size
 *      divided by `cropFraction`; `none`.
 *   2. A centre crop to the input's size, if the image is larger.
 *   3. value = (pixel * scale - mean) / std for each channel, pixels 0 to 255.
 *
 * The input's size is the model's where that is static, otherwise `size`.
 */
const schema = z.strictObject({
  size: z.union([side, z.strictObject({ height: side, width: side })]).optional(),
  resize: z.enum(['none', 'exact', 'shorter']).default('none'),
  shorterSide: side.optional(),
  cropFraction: z.number().gt(0).max(1).default(1),
  interpolation: z.enum(['nearest', 'bilinear', 'bicubic', 'lanczos']).default('bilinear'),
  layout: z.enum(['auto', 'NCHW', 'NHWC']).default('auto'),
  channels: z.enum(['RGB', 'BGR']).default('RGB'),
  scale: z.number().default(1),
  mean: perChannel.default([0]),
  std: perChannel.refine((values) => values.every((value) => value > 0), 'must be above 0').default([1]),
});

export type Preprocessing = Readonly<z.output<typeof schema>>;
export type PreprocessingInput = z.input<typeof schema>;

const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
/** Shorter side 256 for an input of 224. */
const CENTRE = { resize: 'shorter', cropFraction: 0.875 } as const;
const SYMMETRIC = { scale: 1 / 255, mean: [0.5], std: [0.5] };

/** Presets by name; `preset,key=value` changes single fields. */
export const PRESETS: Readonly<Record<string, PreprocessingInput>> = {
  /** torchvision, timm: shorter side to input / 0.875, centre crop, ImageNet's mean and deviation of RGB / 255. */
  imagenet: { ...CENTRE, size: 224, scale: 1 / 255, ...IMAGENET },
  /** Keras' and TensorFlow's `tf` mode: (RGB - 127.5) / 127.5. */
  'imagenet-tf': { ...CENTRE, size: 224, ...SYMMETRIC },
  mobilenet: { ...CENTRE, size: 224, ...SYMMETRIC },
  inception: { ...CENTRE, size: 299, interpolation: 'bicubic', ...SYMMETRIC },
  /** Caffe's models: BGR minus ImageNet's mean in 0 to 255, not divided. */
  'imagenet-caffe': { ...CENTRE, size: 224, channels: 'BGR', mean: [103.939, 116.779, 123.68] },
  /** As its images are; CIFAR's common ResNets were trained with ImageNet's mean and deviation. */
  cifar10: { scale: 1 / 255, ...IMAGENET },
  unit: { scale: 1 / 255 },
  none: {},
};

/** `imagenet`, or with changes `mobilenet,resize=exact,interpolation=bicubic`. */
export function presetPreprocessing(text: string, place: Place = { option: 'preprocess' }): Preprocessing {
  const [name, ...changes] = text.split(',');
  const pairs = changes.map((change) => change.split('='));
  const overrides = Object.fromEntries(pairs.map(([key, value = '']) => [key.trim(), scalar(value.trim())]));
  return parsePreprocessing({ preset: name.trim(), ...overrides }, place);
}

function scalar(text: string): unknown {
  const value = Number(text);
  return text !== '' && Number.isFinite(value) ? value : text;
}

/** Checks plain data, such as a JSON file: the fields above, or `preset` and the fields that differ from it. */
export function parsePreprocessing(data: unknown, place: Place): Preprocessing {
  const parsed = schema.safeParse(withPreset(data, place));
  if (!parsed.success) throw new BitloomError(parsed.error.issues.flatMap((issue) => problemsOf(issue, place)));
  const { mean, std } = parsed.data;
  if (mean.length !== std.length && mean.length > 1 && std.length > 1) throw lengthsDiffer(place);
  return parsed.data;
}

function withPreset(data: unknown, place: Place): unknown {
  if (typeof data !== 'object' || data === null || !('preset' in data)) return data;
  const { preset, ...changes } = data;
  if (typeof preset === 'string' && Object.hasOwn(PRESETS, preset)) return { ...PRESETS[preset], ...changes };
  throw new BitloomError({
    kind: 'option',
    code: 'unknown-preprocessing',
    message: `there is no preprocessing "${String(preset)}"`,
    place,
    hint: `${didYouMean(String(preset), Object.keys(PRESETS))} It may also be a JSON file or a preprocessor_config.json.`,
  });
}

const FIELDS = Object.keys(schema.shape);

function problemsOf(issue: z.core.$ZodIssue, place: Place): readonly Problem[] {
  const base = { kind: 'option', code: 'bad-preprocessing', place } as const;
  if (issue.code !== 'unrecognized_keys') {
    return [{ ...base, message: `preprocessing.${issue.path.join('.')}: ${issue.message}` }];
  }
  return issue.keys.map((key) => ({
    ...base,
    message: `preprocessing has no field "${key}"`,
    hint: didYouMean(key, FIELDS),
  }));
}

function lengthsDiffer(place: Place): BitloomError {
  return new BitloomError({
    kind: 'option',
    code: 'bad-preprocessing',
    message: 'mean and std are given for different numbers of channels',
    place,
  });
}
