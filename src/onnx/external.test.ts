import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { externalReader } from './external.js';

let root: string;
let model: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bitloom-external-'));
  mkdirSync(join(root, 'model'));
  model = join(root, 'model', 'model.onnx');
  writeFileSync(model, '');
  writeFileSync(join(root, 'secret'), 'outside');
  writeFileSync(join(root, 'model', 'weights'), Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
});

afterEach(() => rmSync(root, { recursive: true }));

const open = (entries: Readonly<Record<string, string>>, length: number) =>
  externalReader(model).open(new Map(Object.entries(entries)), length, 'w');

describe('externalReader', () => {
  it('reads the bytes at the offset', () => {
    expect([...open({ location: 'weights', offset: '2', length: '3' }, 3)()]).toEqual([3, 4, 5]);
    expect([...open({ location: './weights' }, 8)()]).toHaveLength(8);
  });

  it('names the tensor and the file', () => {
    expect(() => open({ location: 'nowhere' }, 1)).toThrow(/model\.onnx, tensor w: .*'nowhere' is not there/);
  });

  it.each([
    ['../secret', 7],
    ['sub/../../secret', 7],
    ['/etc/hostname', 1],
    ['C:\\secret', 1],
    ['..\\secret', 1],
    ['.', 1],
  ])('refuses the location %s', (location, length) => {
    expect(() => open({ location }, length)).toThrow(/outside the model's folder/);
  });

  it('refuses a link out of the folder, of a file or of a folder', () => {
    symlinkSync(join(root, 'secret'), join(root, 'model', 'link'));
    symlinkSync(root, join(root, 'model', 'up'));
    expect(() => open({ location: 'link' }, 7)).toThrow(/outside the model's folder/);
    expect(() => open({ location: 'up/secret' }, 7)).toThrow(/outside the model's folder/);
  });

  it('follows a link inside the folder, and to where the model itself is a link to', () => {
    symlinkSync('weights', join(root, 'model', 'same'));
    expect(open({ location: 'same' }, 8)()).toHaveLength(8);
    mkdirSync(join(root, 'snapshot'));
    symlinkSync(model, join(root, 'snapshot', 'model.onnx'));
    symlinkSync(join(root, 'model', 'weights'), join(root, 'snapshot', 'weights'));
    const linked = externalReader(join(root, 'snapshot', 'model.onnx'));
    expect(linked.open(new Map([['location', 'weights']]), 8, 'w')()).toHaveLength(8);
  });

  it.each([
    ['external-data-short', { location: 'weights', offset: '4' }, 5],
    ['external-data-missing', { location: 'gone' }, 1],
    ['external-data-invalid', {}, 1],
    ['external-data-invalid', { location: 'weights', offset: '-1' }, 1],
    ['external-data-invalid', { location: 'weights', offset: 'x' }, 1],
    ['tensor-size', { location: 'weights', length: '3' }, 4],
  ])('%s: %o', (code, entries, length) => {
    expect(() => open({ ...entries }, length)).toThrow(expect.objectContaining({ code }));
  });

  it('notices that the file was replaced', () => {
    const read = open({ location: 'weights' }, 8);
    writeFileSync(join(root, 'model', 'new'), new Uint8Array(8));
    renameSync(join(root, 'model', 'new'), join(root, 'model', 'weights'));
    expect(read).toThrow(expect.objectContaining({ code: 'external-data-changed' }));
  });

  it('reads beyond 4 GiB', () => {
    const path = join(root, 'model', 'large');
    const offset = 5 * 2 ** 30;
    writeFileSync(path, '');
    truncateSync(path, offset);
    const file = openSync(path, 'a');
    writeSync(file, Uint8Array.of(9, 8, 7));
    closeSync(file);
    expect([...open({ location: 'large', offset: String(offset) }, 3)()]).toEqual([9, 8, 7]);
  });
});
