import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strToU8, zipSync } from 'fflate';
import { afterAll, describe, expect, it } from 'vitest';
import { toNumbers } from '../kernel/tensor.js';
import { openArrays } from './array-dataset.js';
import { imagePlan } from './image-plan.js';
import type { ModelInput } from './model-inputs.js';
import { openNpy } from './npy.js';
import { openNpz } from './npz.js';
import { presetPreprocessing } from './preprocessing.js';

const folder = mkdtempSync(join(tmpdir(), 'bitloom-arrays-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A `.npy` as numpy writes it: the header padded to a multiple of 64. */
function npy(descr: string, dims: readonly number[], data: ArrayBufferView, order = 'False', version = 1): Uint8Array {
  const shape = dims.length === 1 ? `(${dims[0]},)` : `(${dims.join(', ')})`;
  const text = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`;
  const prefix = version === 1 ? 10 : 12;
  const header = Buffer.alloc(Math.ceil((prefix + text.length + 1) / 64) * 64, ' ');
  header.write('\x93NUMPY', 0, 'latin1');
  header[6] = version;
  header[7] = 0;
  if (version === 1) header.writeUInt16LE(header.length - prefix, 8);
  else header.writeUInt32LE(header.length - prefix, 8);
  header.write(text, prefix);
  header[header.length - 1] = 10;
  return Buffer.concat([header, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]);
}

function write(name: string, bytes: Uint8Array): string {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
}

const input: ModelInput = { name: 'pixels', dtype: 'float32', shape: ['N', 3, 2, 2] };
const rules = { kind: 'class', classes: 10 } as const;
const imagePlanOf = async (wanted: ModelInput) => imagePlan(wanted, presetPreprocessing('none'));

async function open(file: string, inputs: readonly ModelInput[] = [input]) {
  return openArrays({ file, arrays: await openNpz(file), inputs, rules, imagePlan: imagePlanOf });
}

const IMAGES = Uint8Array.from({ length: 2 * 2 * 2 * 3 }, (_, i) => i);
const LABELS = BigInt64Array.from([4n, 9n]);

describe('openNpy', () => {
  it('reads versions 1 and 2, and scalars of every common type', async () => {
    const one = await openNpy(write('one.npy', npy('<f4', [2, 3], new Float32Array(6))));
    expect(one).toMatchObject({ dtype: 'float32', dims: [2, 3] });
    const two = await openNpy(write('two.npy', npy('|b1', [4], new Uint8Array(4), 'False', 2)));
    expect(two).toMatchObject({ dtype: 'bool', dims: [4] });
    expect(one.offset % 64).toBe(0);
  });

  it('refuses what it would misread', async () => {
    const data = new Float32Array(6);
    await expect(openNpy(write('f.npy', npy('<f4', [2, 3], data, 'True')))).rejects.toThrow('Fortran order');
    await expect(openNpy(write('b.npy', npy('>f4', [2, 3], data)))).rejects.toThrow('big endian');
    await expect(openNpy(write('o.npy', npy('|O', [6], data)))).rejects.toThrow('does not read');
    await expect(openNpy(write('t.npy', npy('<f4', [7], data)))).rejects.toThrow('truncated');
    await expect(openNpy(write('x.npy', strToU8('hello hello hello')))).rejects.toThrow('not a .npy file');
  });
});

describe('openArrays', () => {
  const images = npy('|u1', [2, 2, 2, 3], IMAGES);
  const labels = npy('<i8', [2], LABELS);

  it('reads images and labels, stored or compressed', async () => {
    for (const level of [0, 6] as const) {
      const file = write(`set${level}.npz`, zipSync({ 'images.npy': images, 'labels.npy': labels }, { level }));
      const dataset = await open(file);
      expect([dataset.length, dataset.labelled, dataset.label?.(1)]).toEqual([2, true, 9]);
      const sample = await dataset.read(1);
      expect(sample.label).toBe(9);
      expect(Array.from(toNumbers(sample.inputs.pixels))).toEqual([12, 15, 18, 21, 13, 16, 19, 22, 14, 17, 20, 23]);
    }
  });

  it('reads images by planes as well', async () => {
    const planar = npy('|u1', [2, 3, 2, 2], IMAGES);
    const dataset = await open(write('planar.npz', zipSync({ 'x.npy': planar })));
    expect(dataset.labelled).toBe(false);
    expect(Array.from(toNumbers((await dataset.read(0)).inputs.pixels))).toEqual([...Array(12).keys()]);
  });

  it('hands floats on as they are, by the names of the inputs', async () => {
    const inputs: ModelInput[] = [
      { name: 'a', dtype: 'float32', shape: [1, 2] },
      { name: 'b', dtype: 'int64', shape: ['N', 1] },
    ];
    const a = npy('<f8', [3, 2], Float64Array.from([1, 2, 3, 4, 5, 6]));
    const b = npy('<i4', [3, 1], Int32Array.from([7, 8, 9]));
    const dataset = await open(write('two.npz', zipSync({ 'a.npy': a, 'b.npy': b })), inputs);
    const { inputs: tensors } = await dataset.read(2);
    expect([tensors.a.dtype, ...Array.from(toNumbers(tensors.a))]).toEqual(['float32', 5, 6]);
    expect([tensors.b.dtype, ...Array.from(toNumbers(tensors.b))]).toEqual(['int64', 9]);
  });

  it('says what was wanted and what was found', async () => {
    const wrong = npy('<f4', [2, 5], new Float32Array(10));
    const dataset = await open(write('wrong.npz', zipSync({ 'x.npy': wrong })));
    await expect(dataset.read(0)).rejects.toThrow('input pixels wants float32[N,3,2,2], the data has float32[1,5]');
    const nameless = write('names.npz', zipSync({ 'foo.npy': wrong, 'bar.npy': wrong }));
    await expect(open(nameless)).rejects.toThrow("no array for the model's input pixels; it has foo, bar");
  });

  it('refuses labels that do not fit', async () => {
    const short = write('short.npz', zipSync({ 'x.npy': images, 'y.npy': npy('<i8', [1], LABELS.slice(1)) }));
    await expect(open(short)).rejects.toThrow('differ in length');
    const outside = npy('<i8', [2], BigInt64Array.from([10n, -1n]));
    const error = await open(write('out.npz', zipSync({ 'x.npy': images, 'y.npy': outside }))).catch(String);
    expect(error).toMatch(/sample 0: label 10 is out of range[\s\S]*sample 1: label -1 is out of range/);
  });

  it('refuses archives that are damaged', async () => {
    const whole = zipSync({ 'images.npy': images, 'labels.npy': labels }, { level: 0 });
    await expect(open(write('cut.npz', whole.subarray(0, 150)))).rejects.toThrow(
      /cut\.npz: (is truncated|cannot be unpacked)/,
    );
    await expect(open(write('text.npz', strToU8('not an archive')))).rejects.toThrow(
      /cannot be unpacked|no \.npy array/,
    );
  });
});
