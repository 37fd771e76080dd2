import { z } from 'zod';
import { BitloomError, type Place } from '../kernel/errors.js';
import { type Preprocessing, type PreprocessingInput, parsePreprocessing } from './preprocessing.js';

const extent = z.union([
  z.number(),
  z.object({ height: z.number(), width: z.number() }),
  z.object({ shortest_edge: z.number() }),
]);
const perChannel = z.union([z.number(), z.array(z.number())]);

/** The fields of `preprocessor_config.json` that change pixels (transformers' image processors, and timm's crop_pct). */
const schema = z.object({
  do_resize: z.boolean().default(true),
  size: extent.optional(),
  crop_pct: z.number().nullish(),
  resample: z.number().nullish(),
  do_center_crop: z.boolean().nullish(),
  crop_size: extent.optional(),
  do_rescale: z.boolean().default(true),
  rescale_factor: z.number().default(1 / 255),
  do_normalize: z.boolean().default(true),
  image_mean: perChannel.optional(),
  image_std: perChannel.optional(),
  do_flip_channel_order: z.boolean().nullish(),
});
type Config = z.output<typeof schema>;

/** Steps that some processors take and we do not: refused, for the samples would differ in silence. */
const REFUSED: readonly string[] = [
  'do_thumbnail',
  'do_align_long_axis',
  'do_pad',
  'do_reduce_labels',
  'rescale_offset',
];

const RESAMPLE: Readonly<Record<number, NonNullable<PreprocessingInput['interpolation']>>> = {
  0: 'nearest',
  1: 'lanczos',
  2: 'bilinear',
  3: 'bicubic',
};

/** Whether JSON data looks like a Hugging Face image processor's configuration. */
export function isPreprocessorConfig(data: unknown): data is object {
  if (typeof data !== 'object' || data === null) return false;
  return ['image_processor_type', 'feature_extractor_type', 'do_normalize', 'do_resize', 'image_mean'].some(
    (key) => key in data,
  );
}

export function fromPreprocessorConfig(data: object, place: Place): Preprocessing {
  const steps = REFUSED.filter((key) => Object.entries(data).some(([name, value]) => name === key && value === true));
  if (steps.length > 0) throw unsupported(`uses ${steps.join(', ')}, which bitloom does not do`, place);
  const parsed = schema.safeParse(data);
  if (!parsed.success) {
    const fields = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw unsupported(`is not understood: ${fields.join('; ')}`, place);
  }
  return parsePreprocessing({ ...geometry(parsed.data, place), ...values(parsed.data) }, place);
}

function geometry(config: Config, place: Place): PreprocessingInput {
  const interpolation = RESAMPLE[config.resample ?? 2];
  if (!interpolation) throw unsupported(`resample ${config.resample} is unknown`, place);
  const target = config.do_center_crop ? (config.crop_size ?? config.size) : config.size;
  const input = target === undefined ? {} : { size: sizeOf(target) };
  if (!config.do_resize || config.size === undefined) return { ...input, resize: 'none', interpolation };
  return { ...input, ...resizeOf(config, config.size), interpolation };
}

/** A number is the shorter side where a crop follows, otherwise both sides (ViT's first configurations). */
function resizeOf(config: Config, size: z.output<typeof extent>): PreprocessingInput {
  const cropped = typeof config.crop_pct === 'number' && edgeOf(size) < 384;
  if (cropped) return { resize: 'shorter', cropFraction: config.crop_pct ?? 1 };
  if (typeof size === 'object' && 'height' in size) {
    return config.do_center_crop
      ? { resize: 'shorter', shorterSide: Math.min(size.height, size.width) }
      : { resize: 'exact' };
  }
  const shorter = typeof size === 'object' || config.do_center_crop === true;
  return shorter ? { resize: 'shorter', shorterSide: edgeOf(size) } : { resize: 'exact' };
}

function edgeOf(size: z.output<typeof extent>): number {
  if (typeof size === 'number') return size;
  return 'height' in size ? Math.min(size.height, size.width) : size.shortest_edge;
}

function sizeOf(size: z.output<typeof extent>): number | { height: number; width: number } {
  return typeof size === 'object' && 'height' in size ? { height: size.height, width: size.width } : edgeOf(size);
}

function values(config: Config): PreprocessingInput {
  const list = (value: number | number[] | undefined, otherwise: number) => [value ?? otherwise].flat();
  return {
    scale: config.do_rescale ? config.rescale_factor : 1,
    mean: config.do_normalize ? list(config.image_mean, 0) : [0],
    std: config.do_normalize ? list(config.image_std, 1) : [1],
    channels: config.do_flip_channel_order ? 'BGR' : 'RGB',
  };
}

function unsupported(message: string, place: Place): BitloomError {
  return new BitloomError({
    kind: 'data',
    code: 'unsupported-preprocessor',
    message,
    place,
    hint: 'Write the steps as a JSON file for --preprocess, or prepare the images and pass them as .npz.',
  });
}
