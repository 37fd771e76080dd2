import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { toNumbers } from '../kernel/tensor.js';
import { openImageFolder } from './image-folder.js';
import { type ImagePlan, imagePlan } from './image-plan.js';
import { prepare } from './prepared.js';
import { presetPreprocessing } from './preprocessing.js';

const root = mkdtempSync(join(tmpdir(), 'bitloom-images-'));
afterAll(() => rmSync(root, { recursive: true }));

const plan = imagePlan({ name: 'x', dtype: 'float32', shape: ['N', 3, 4, 4] }, presetPreprocessing('none'));
const rules = { kind: 'class', classes: 3 } as const;

async function folderOf(name: string, files: readonly string[], csv?: string): Promise<string> {
  const folder = join(root, name);
  for (const [i, file] of files.entries()) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    const image = sharp({ create: { width: 4, height: 4, channels: 3, background: { r: 10 * i, g: 0, b: 0 } } });
    await image.toFile(join(folder, file));
  }
  if (csv !== undefined) writeFileSync(join(folder, 'labels.csv'), csv);
  return folder;
}

const labelsOf = (dataset: Awaited<ReturnType<typeof openImageFolder>>) =>
  Array.from({ length: dataset.length }, (_, i) => dataset.label?.(i));

describe('openImageFolder', () => {
  it('takes labels from a CSV in its order, with or without a header', async () => {
    const files = ['a.png', 'b.jpg', 'c.webp'];
    const headed = await openImageFolder(
      await folderOf('headed', files, 'file,label\nb.jpg,2\na.png,0\n'),
      plan,
      rules,
    );
    const bare = await openImageFolder(await folderOf('bare', files, 'b.jpg,2\r\na.png,0'), plan, rules);
    const swapped = await openImageFolder(
      await folderOf('swap', files, 'class,x,filename\n2,?,b.jpg\n0,?,a.png'),
      plan,
      rules,
    );
    for (const dataset of [headed, bare, swapped]) {
      expect(labelsOf(dataset)).toEqual([2, 0]);
      expect((await dataset.read(0)).id).toBe('b.jpg');
      expect(dataset.notes?.[0]).toContain('1 of 3 images');
    }
    const sample = await headed.read(1);
    expect(sample.inputs.x.dims).toEqual([1, 3, 4, 4]);
    expect(sample.label).toBe(0);
    expect(toNumbers((await bare.read(0)).inputs.x)[0]).toBeGreaterThan(5);
  });

  it('finds listed files in a sub-folder of images', async () => {
    const folder = await folderOf('nested', ['images/a.png', 'images/b.png'], 'file,label\na.png,1\nimages/b.png,2\n');
    expect(labelsOf(await openImageFolder(folder, plan, rules))).toEqual([1, 2]);
    const csv = join(folder, 'labels.csv');
    expect(labelsOf(await openImageFolder(join(folder, 'images'), plan, rules, csv))).toEqual([1, 2]);
  });

  it('takes classes from sub-folder names: sorted, by number, or by the names the model knows', async () => {
    const named = await folderOf('named', ['dog/a.png', 'cat/b.png', 'cat/c.png']);
    expect(labelsOf(await openImageFolder(named, plan, rules))).toEqual([0, 0, 1]);
    const known = { ...rules, names: ['bird', 'dog', 'cat'] };
    expect(labelsOf(await openImageFolder(named, plan, known))).toEqual([2, 2, 1]);
    const numbered = await folderOf('numbered', ['2/a.png', '0/b.png']);
    expect(labelsOf(await openImageFolder(numbered, plan, rules))).toEqual([0, 2]);
  });

  it('is unlabelled without either', async () => {
    const dataset = await openImageFolder(await folderOf('plain', ['a.png', 'b.png']), plan, rules);
    expect(dataset.labelled).toBe(false);
    expect('label' in (await dataset.read(0))).toBe(false);
  });

  it('reports bad labels together, by line', async () => {
    const csv = 'file,label\na.png,3\nb.png,cat\nc.png,1\na.png,0\na.png,1\n';
    const error = await openImageFolder(await folderOf('bad', ['a.png', 'b.png'], csv), plan, rules).catch(String);
    expect(error).toMatch(/labels\.csv:2: label 3 is out of range: the model has 3 classes/);
    expect(error).toMatch(/labels\.csv:3: label "cat" is not a class index/);
    expect(error).toMatch(/labels\.csv:6: a\.png is listed twice/);
  });

  it('names listed files that are missing', async () => {
    const folder = await folderOf('missing', ['a.png'], 'file,label\na.png,0\nnone.png,1\n');
    await expect(openImageFolder(folder, plan, rules)).rejects.toThrow(/labels\.csv:3: none\.png is listed/);
  });

  it('reports every unreadable image when the set is prepared', async () => {
    const folder = await folderOf('broken', ['a.png']);
    writeFileSync(join(folder, 'b.png'), 'not a picture');
    writeFileSync(join(folder, 'c.jpg'), '');
    const dataset = await openImageFolder(folder, plan, rules);
    const error = await prepare(dataset, [0, 1, 2], join(root, 'set')).catch(String);
    expect(error).toMatch(/b\.png.*cannot be read as an image/);
    expect(error).toMatch(/c\.jpg.*cannot be read as an image/);
  });

  it('refuses an empty folder and an empty list', async () => {
    mkdirSync(join(root, 'empty'));
    await expect(openImageFolder(join(root, 'empty'), plan, rules)).rejects.toThrow('no JPEG, PNG or WebP');
    const listless = await folderOf('listless', ['a.png'], 'file,label\n');
    await expect(openImageFolder(listless, plan, rules)).rejects.toThrow('lists no files');
  });

  it('gives prepared sets whose hash follows the pixels and the preprocessing, not when files were written', async () => {
    const folder = await folderOf('hashed', ['a.png', 'b.png']);
    const hashOf = async (how: ImagePlan) => {
      return (await prepare(await openImageFolder(folder, how, rules), [0, 1], join(root, 'hashed.set'))).hash;
    };
    const before = await hashOf(plan);
    utimesSync(join(folder, 'a.png'), new Date(0), new Date(0));
    expect(await hashOf(plan)).toBe(before);
    expect(await hashOf(imagePlan(plan.input, presetPreprocessing('unit')))).not.toBe(before);
  });
});
