import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { floats, tensor } from '../kernel/tensor.js';
import { openWeightStore } from './weight-store.js';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bitloom-store-'));
  path = join(folder, 'weights.bin');
});

afterEach(() => rmSync(folder, { recursive: true }));

describe('openWeightStore', () => {
  it('keeps equal contents once, whatever the tensor', async () => {
    const store = await openWeightStore(path);
    const [a, b, c] = [floats([1, 2, 3]), floats([1, 2, 3]), floats([4])];
    const places = await store.put([a, b, c]);
    expect(places.get(a)).toEqual(places.get(b));
    expect(places.get(c)).toEqual({ offset: 64, length: 4 });
    expect((await store.put([floats([4])])).size).toBe(1);
    expect(store.size).toBe(68);
    await store.close();
    expect([...new Float32Array(readFileSync(path).buffer.slice(64, 68))]).toHaveLength(1);
  });

  it('starts large tensors at a page', async () => {
    const store = await openWeightStore(path);
    const large = tensor('uint8', [70_000], new Uint8Array(70_000).fill(7));
    const places = await store.put([floats([1]), large]);
    expect(places.get(large)).toEqual({ offset: 4096, length: 70_000 });
    await store.close();
    expect(
      readFileSync(path)
        .subarray(4096)
        .every((byte) => byte === 7),
    ).toBe(true);
  });

  it('takes turns when asked at the same time', async () => {
    const store = await openWeightStore(path);
    const tensors = Array.from({ length: 20 }, (_, i) => floats([i]));
    const places = await Promise.all(tensors.map((value) => store.put([value])));
    const offsets = tensors.map((value, i) => places[i].get(value)?.offset);
    expect(new Set(offsets).size).toBe(20);
    await store.close();
  });

  it('continues a file without changing what is there', async () => {
    const first = await openWeightStore(path);
    await first.put([floats([1])]);
    await first.close();
    const before = readFileSync(path);
    const second = await openWeightStore(path);
    await second.put([floats([2])]);
    await second.close();
    expect(readFileSync(path).subarray(0, before.length)).toEqual(before);
    expect(statSync(path).size).toBe(68);
  });
});
