import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { toNumbers } from '../kernel/tensor.js';
import { loadPixels } from './image-pixels.js';
import { imageInput, imagePlan, toTensor, valueTable } from './image-plan.js';
import type { ModelInput } from './model-inputs.js';
import { type PreprocessingInput, parsePreprocessing } from './preprocessing.js';

const folder = mkdtempSync(join(tmpdir(), 'bitloom-pixels-'));
afterAll(() => rmSync(folder, { recursive: true }));

const input = (shape: ModelInput['shape'], dtype: ModelInput['dtype'] = 'float32'): ModelInput => ({
  name: 'x',
  dtype,
  ...(shape && { shape }),
});
const planFor = (shape: ModelInput['shape'], spec: PreprocessingInput = {}, dtype: ModelInput['dtype'] = 'float32') =>
  imagePlan(input(shape, dtype), parsePreprocessing(spec, {}));

/** A picture whose red counts columns and whose green counts rows; blue is 7. */
function gradient(width: number, height: number) {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return [pixel % width, Math.floor(pixel / width), 7][i % 3];
  });
  return { width, height, channels: 3, data };
}

async function png(name: string, { width, height, data }: ReturnType<typeof gradient>): Promise<string> {
  const file = join(folder, name);
  await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(file);
  return file;
}

describe('loadPixels', () => {
  it('crops the centre without touching pixels when nothing is resized', async () => {
    const plan = planFor([1, 3, 4, 6]);
    const pixels = await loadPixels(await png('crop.png', gradient(10, 8)), plan);
    expect([pixels.width, pixels.height]).toEqual([6, 4]);
    expect([...pixels.data.subarray(0, 6)]).toEqual([2, 2, 7, 3, 2, 7]);
  });

  it('resizes the shorter side, keeps proportions, and crops', async () => {
    const plan = planFor(['N', 3, 224, 224], { resize: 'shorter', cropFraction: 0.875 });
    const wide = await loadPixels(await png('wide.png', gradient(250, 100)), plan);
    const tall = await loadPixels(await png('tall.png', gradient(100, 250)), plan);
    expect([wide.width, wide.height, tall.width, tall.height]).toEqual([224, 224, 224, 224]);
    const centre = 3 * (112 * 224 + 112);
    expect(Math.abs(wide.data[centre] - 125)).toBeLessThanOrEqual(1);
    expect(Math.abs(wide.data[centre + 1] - 50)).toBeLessThanOrEqual(1);
  });

  it('averages over what a smaller pixel covers', async () => {
    const stripes = {
      width: 64,
      height: 64,
      channels: 3,
      data: Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (Math.floor(i / 3) % 2) * 200),
    };
    const plan = planFor([1, 3, 16, 16], { resize: 'exact' });
    const { data } = await loadPixels(stripes, plan);
    expect(Math.max(...data) - Math.min(...data)).toBeLessThan(12);
    expect(Math.abs(data[3 * (8 * 16 + 8)] - 100)).toBeLessThan(6);
  });

  it('reads grey, palette, 16-bit, CMYK and transparent images as RGB', async () => {
    const base = sharp(Buffer.alloc(8 * 8 * 3, 90), { raw: { width: 8, height: 8, channels: 3 } });
    const files = {
      'grey.png': base.clone().toColourspace('b-w').png(),
      'palette.png': base.clone().png({ palette: true }),
      'deep.png': base.clone().toColourspace('rgb16').png(),
      'alpha.png': base.clone().ensureAlpha(0.2).png(),
      'cmyk.jpg': base.clone().toColourspace('cmyk').jpeg(),
      'web.webp': base.clone().webp({ lossless: true }),
    };
    for (const [name, image] of Object.entries(files)) {
      await image.toFile(join(folder, name));
      const { channels, data } = await loadPixels(join(folder, name), planFor([1, 3, 8, 8]));
      expect([name, channels, data.length]).toEqual([name, 3, 192]);
      if (name !== 'cmyk.jpg') expect([name, data[0], data[100]]).toEqual([name, 90, 90]);
    }
  });

  it('gives one channel to a model that takes one', async () => {
    const { channels, data } = await loadPixels(await png('one.png', gradient(4, 4)), planFor([1, 1, 4, 4]));
    expect([channels, data.length]).toEqual([1, 16]);
  });

  it('keeps the size of images where the model leaves it open', async () => {
    const { width, height } = await loadPixels(await png('open.png', gradient(9, 5)), planFor(['N', 3, 'H', 'W']));
    expect([width, height]).toEqual([9, 5]);
  });

  it('refuses images that are too small', async () => {
    await expect(loadPixels(await png('small.png', gradient(4, 4)), planFor([1, 3, 8, 8]))).rejects.toThrow('4 x 4');
  });

  it('refuses a damaged image', async () => {
    const file = join(folder, 'cut.png');
    const whole = await sharp(gradient(64, 64).data, { raw: { width: 64, height: 64, channels: 3 } })
      .png()
      .toBuffer();
    writeFileSync(file, whole.subarray(0, whole.length / 2));
    await expect(loadPixels(file, planFor([1, 3, 8, 8]))).rejects.toThrow();
  });
});

describe('toTensor', () => {
  const values = async (plan: ReturnType<typeof planFor>) => {
    const value = toTensor(plan, valueTable(plan), gradient(2, 2));
    return { dims: value.dims, dtype: value.dtype, numbers: Array.from(toNumbers(value)) };
  };

  it('lays channels out as planes or interleaved', async () => {
    expect(await values(planFor([1, 3, 2, 2]))).toMatchObject({
      dims: [1, 3, 2, 2],
      numbers: [0, 1, 0, 1, 0, 0, 1, 1, 7, 7, 7, 7],
    });
    expect(await values(planFor([1, 2, 2, 3]))).toMatchObject({
      dims: [1, 2, 2, 3],
      numbers: [0, 0, 7, 1, 0, 7, 0, 1, 7, 1, 1, 7],
    });
  });

  it('orders channels before it normalises them', async () => {
    const plan = planFor([1, 3, 2, 2], { channels: 'BGR', mean: [1, 0, 0], std: [2, 1, 1] });
    expect((await values(plan)).numbers).toEqual([3, 3, 3, 3, 0, 0, 1, 1, 0, 1, 0, 1]);
  });

  it('makes the type that the model takes', async () => {
    const half = await values(planFor([1, 3, 2, 2], { scale: 1 / 255 }, 'float16'));
    expect(half.dtype).toBe('float16');
    expect(half.numbers[11]).toBeCloseTo(7 / 255, 4);
    expect((await values(planFor([1, 3, 2, 2], {}, 'uint8'))).numbers[11]).toBe(7);
  });
});

describe('imagePlan', () => {
  it('refuses what the model cannot take', () => {
    expect(() => planFor([1, 4, 8, 8])).toThrow('4 channels');
    expect(() => planFor([1, 1, 8, 8], { mean: [0, 0, 0], std: [1, 1, 1] })).toThrow('the model takes 1 channels');
    expect(() => planFor([1, 3, 8, 8], { scale: 2 }, 'uint8')).toThrow('takes bytes');
    expect(() => planFor([8, 3, 8, 8])).toThrow('takes 8 samples at a time');
    expect(() => planFor([1, 3, 'H', 'W'], { resize: 'exact' })).toThrow('does not say how large');
    expect(() => imageInput([input([1, 10])])).toThrow('x float32[1,10]');
    expect(() => imageInput([input([1, 3, 8, 8]), input([1, 3, 8, 8])])).toThrow('one input of 4 dimensions');
  });

  it('takes the size from the model, else from the preprocessing', () => {
    expect(planFor([1, 3, 8, 6], { size: 224 }).size).toEqual({ height: 8, width: 6 });
    expect(planFor([1, 3, 'H', 'W'], { size: 224 }).size).toEqual({ height: 224, width: 224 });
  });
});
