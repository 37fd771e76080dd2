import sharp, { type Sharp } from 'sharp';
import { BitloomError } from '../kernel/errors.js';
import { roundHalfEven } from '../kernel/float16.js';
import type { ImagePlan, Pixels, Size } from './image-plan.js';
import type { Preprocessing } from './preprocessing.js';

/** One thread an image: images are decoded side by side, and a second level of threads would only contend. */
sharp.concurrency(1);
/** Every image is read once: libvips' cache of operations would only hold memory. */
sharp.cache(false);

const KERNELS = { nearest: 'nearest', bilinear: 'linear', bicubic: 'cubic', lanczos: 'lanczos3' } as const;

/** An image file, or pixels that an array held. */
export type ImageSource = string | Pixels;

/**
 * Decodes, resizes and crops. As PIL and torchvision do: orientation tags and colour profiles are not applied, alpha
 * is dropped, and a smaller image is averaged over the pixels that it covers (antialiased).
 */
export async function loadPixels(source: ImageSource, plan: ImagePlan): Promise<Pixels> {
  if (typeof source !== 'string' && fits(source, plan)) return source;
  const image = opened(source);
  const { width, height } = typeof source === 'string' ? await image.metadata() : source;
  const resized = resizedSize({ width, height }, plan.spec, plan.size);
  const target = plan.size ?? resized;
  if (resized.width < target.width || resized.height < target.height) throw tooSmall(resized, target);
  const { data, info } = await image
    .toColourspace(plan.channels === 1 ? 'b-w' : 'srgb')
    .removeAlpha()
    .resize(resized.width, resized.height, {
      fit: 'fill',
      kernel: KERNELS[plan.spec.interpolation],
      fastShrinkOnLoad: false,
    })
    .extract({ ...target, left: middle(resized.width, target.width), top: middle(resized.height, target.height) })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels };
}

function opened(source: ImageSource): Sharp {
  if (typeof source === 'string') return sharp(source, { ignoreIcc: true, failOn: 'error' });
  const { data, width, height, channels } = source;
  if (channels !== 1 && channels !== 3) throw new RangeError(`pixels of ${channels} channels`);
  return sharp(data, { raw: { width, height, channels } });
}

/** Arrays of images that already have the input's size were prepared: they are neither resized nor cropped. */
function fits({ width, height, channels }: Pixels, { size, channels: wanted }: ImagePlan): boolean {
  return channels === wanted && (!size || (size.width === width && size.height === height));
}

/** The longer side is cut to whole pixels, as torchvision does. */
function resizedSize(from: Size, spec: Preprocessing, target: Size | undefined): Size {
  if (spec.resize === 'exact' && target) return target;
  if (spec.resize !== 'shorter') return from;
  const wanted = spec.shorterSide ?? (target && Math.round(Math.min(target.width, target.height) / spec.cropFraction));
  if (wanted === undefined) return from;
  const shorter = Math.min(from.width, from.height);
  const scaled = (side: number) => (side === shorter ? wanted : Math.trunc((side * wanted) / shorter));
  return { width: scaled(from.width), height: scaled(from.height) };
}

function middle(length: number, part: number): number {
  return roundHalfEven((length - part) / 2);
}

function tooSmall(got: Size, wanted: Size): BitloomError {
  return new BitloomError({
    kind: 'data',
    code: 'image-too-small',
    message: `is ${got.width} x ${got.height}, smaller than the model's input of ${wanted.width} x ${wanted.height}`,
    hint: 'Resize it: --preprocess NAME,resize=exact or resize=shorter.',
  });
}
