import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { toNumbers } from '../kernel/tensor.js';
import type { ModelInput } from './model-inputs.js';
import { type GivenSamples, openModule, openSamples } from './sample-module.js';

const folder = mkdtempSync(join(tmpdir(), 'bitloom-module-'));
afterAll(() => rmSync(folder, { recursive: true }));

const inputs: readonly ModelInput[] = [
  { name: 'x', dtype: 'float32', shape: ['N', 2, 'W'] },
  { name: 'n', dtype: 'int64', shape: ['N', 1] },
];
const rules = { kind: 'class', classes: 5 } as const;
const open = (source: GivenSamples, limit?: number) =>
  openSamples('given', source, { inputs, rules, ...(limit !== undefined && { limit }) });
const good = { inputs: { x: [1, 2, 3, 4], n: [7] }, label: 3 };

describe('openSamples', () => {
  it('takes arrays, typed arrays and tensors, and finds out the open dimension', async () => {
    const dataset = await open([
      good,
      { id: 'mine', inputs: { x: Float32Array.of(1, 2), n: BigInt64Array.of(9n) }, label: 0 },
      { inputs: { x: { data: [1, 2, 3, 4], dims: [1, 2, 2] }, n: { data: Int32Array.of(4), dims: [1, 1] } }, label: 1 },
    ]);
    expect([dataset.length, dataset.labelled]).toEqual([3, true]);
    const [first, second, third] = await Promise.all([0, 1, 2].map((i) => dataset.read(i)));
    expect([first.id, first.label, first.inputs.x.dims]).toEqual(['given:0', 3, [1, 2, 2]]);
    expect([second.id, second.inputs.x.dims, toNumbers(second.inputs.n)]).toEqual(['mine', [1, 2, 1], [9]]);
    expect([third.inputs.n.dtype, toNumbers(third.inputs.n)]).toEqual(['int64', [4]]);
  });

  it('takes generators, and only as many samples as asked for', async () => {
    async function* forever() {
      for (;;) yield { inputs: good.inputs };
    }
    const dataset = await open(forever, 4);
    expect([dataset.length, dataset.labelled]).toEqual([4, false]);
  });

  it('says what does not fit', async () => {
    const given = (sample: unknown) => open([Object(sample)]);
    await expect(given({ inputs: { X: [1, 2], n: [1] } })).rejects.toThrow(/has no input x[\s\S]*Did you mean X\?/);
    await expect(given({ inputs: { x: [1, 2, 3], n: [1] } })).rejects.toThrow('3 values do not tell');
    await expect(given({ inputs: { x: [1, 2], n: [1.5] } })).rejects.toThrow('wants int64, the data has fractions');
    await expect(given({ inputs: { x: BigInt64Array.of(1n, 2n), n: [1] } })).rejects.toThrow('x wants float32');
    await expect(given({ inputs: { x: { data: [1], dims: [1, 2, 1] }, n: [1] } })).rejects.toThrow('has 1 values');
    await expect(given({ ...good, label: 5 })).rejects.toThrow('label 5 is out of range');
    await expect(given({ x: [1] })).rejects.toThrow('sample 0 has no { inputs }');
    await expect(open([])).rejects.toThrow('there are no samples');
  });
});

describe('openModule', () => {
  const load = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return openModule(join(folder, name), { inputs, rules });
  };

  it('finds an iterable, or a function that makes one', async () => {
    const sample = '{ inputs: { x: [1, 2], n: [1] }, label: 1 }';
    expect(
      (await load('default.mjs', `export default async function* () { yield ${sample}; yield ${sample}; }`)).length,
    ).toBe(2);
    expect((await load('named.mjs', `export const samples = [${sample}];`)).length).toBe(1);
    expect((await load('typed.ts', `export const data: object[] = [${sample}];`)).length).toBe(1);
  });

  it('names a module that fails or exports nothing', async () => {
    await expect(load('broken.mjs', 'throw new Error("no luck");')).rejects.toThrow(
      /broken\.mjs: cannot be loaded: no luck/,
    );
    await expect(load('nothing.mjs', 'export const other = 1;')).rejects.toThrow('exports no iterable of samples');
    await expect(load('throws.mjs', 'export default function* () { throw new RangeError("oops"); }')).rejects.toThrow(
      'oops',
    );
  });
});
