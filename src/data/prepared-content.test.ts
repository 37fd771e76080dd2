import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { floats, ints } from '../kernel/tensor.js';
import type { Dataset, Sample } from './dataset.js';
import { prepare, readPrepared, spool } from './prepared.js';
import { contentHasher } from './prepared-content.js';

const folder = mkdtempSync(join(tmpdir(), 'bitloom-content-'));
afterAll(() => rmSync(folder, { recursive: true }));

function hashOf(samples: readonly Sample[]): string {
  const content = contentHasher();
  for (const sample of samples) content.add(sample);
  return content.digest();
}

const values = fc.array(fc.integer({ min: -2, max: 2 }), { maxLength: 3 });
const anyLabel = fc.option(fc.oneof(fc.integer({ min: -1, max: 1 }), values), { nil: undefined });
const anySample = fc
  .record({ id: fc.string(), a: values, b: values, swapped: fc.boolean(), label: anyLabel })
  .map(({ id, a, b, swapped, label }): Sample => {
    const inputs = swapped ? { b: ints(b), a: floats(a) } : { a: floats(a), b: ints(b) };
    return { id, inputs, ...(label !== undefined && { label }) };
  });
const anySet = fc.array(anySample, { minLength: 1, maxLength: 3 });

/** What a hash is to tell apart, as text. */
function contentOf(samples: readonly Sample[]): string {
  return JSON.stringify(
    samples.map(({ inputs: { a, b }, label }) => [[...a.bytes], a.dims, [...b.bytes], b.dims, label ?? null]),
  );
}

describe('the hash of a set', () => {
  it('is equal exactly where tensors and labels are, in their order', () => {
    fc.assert(
      fc.property(anySet, anySet, (one, other) => {
        expect(hashOf(one) === hashOf(other)).toBe(contentOf(one) === contentOf(other));
        expect(hashOf(one)).toBe(hashOf(one.map((sample, i) => ({ ...sample, id: `renamed ${i}` }))));
      }),
      { numRuns: 300 },
    );
  });

  it('tells types, shapes and names of tensors apart', () => {
    const { bytes } = floats([1, 2]);
    const inputs = [
      { a: { dtype: 'float32', dims: [2], bytes } },
      { a: { dtype: 'int32', dims: [2], bytes } },
      { a: { dtype: 'float32', dims: [1, 2], bytes } },
      { b: { dtype: 'float32', dims: [2], bytes } },
    ] as const;
    expect(new Set(inputs.map((item) => hashOf([{ id: 's', inputs: item }]))).size).toBe(inputs.length);
  });

  it('is the same however the set was made', async () => {
    const samples = Array.from({ length: 5 }, (_, i): Sample => {
      return { id: `s${i}`, inputs: { x: floats([i]) }, label: i };
    });
    const reversed: Dataset = {
      name: 'reversed',
      length: 5,
      labelled: true,
      read: async (index) => ({ ...samples[4 - index], id: `other ${index}` }),
    };
    async function* given() {
      yield* samples.slice(1, 4);
    }
    const prepared = await prepare(reversed, [3, 2, 1], join(folder, 'prepared'), { concurrency: 2 });
    const spooled = await spool('given', given(), join(folder, 'spooled'));
    expect(prepared.hash).toBe(spooled.hash);
    expect(prepared.hash).toBe(hashOf(samples.slice(1, 4)));
    const read: Sample[] = [];
    for await (const sample of readPrepared({ ...prepared, file: spooled.file })) read.push(sample);
    expect(hashOf(read)).toBe(prepared.hash);
  });
});
