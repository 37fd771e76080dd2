import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Dataset, PreparedSet } from '../data/dataset.js';
import { prepare } from '../data/prepared.js';
import { buildModel, value } from '../graph/build.js';
import type { GraphEdit } from '../graph/edit.js';
import type { Model } from '../graph/model.js';
import { saveModel } from '../graph/to-onnx.js';
import { random } from '../kernel/random.js';
import { floats, fromNumbers } from '../kernel/tensor.js';
import { localExecutor } from '../runtime/executor.js';
import { compareValues, LOUD } from './compare.js';
import { tapModels } from './taps.js';

const WIDTH = 64;
const SAMPLES = 64;
const FED = normals(3, SAMPLES * WIDTH);
const folder = mkdtempSync(join(tmpdir(), 'bitloom-compare-test-'));
const executor = localExecutor({ workers: 1, threads: 1 });
afterAll(async () => {
  await executor.close();
  rmSync(folder, { recursive: true });
});

function normals(seed: number, count: number): readonly number[] {
  return Array.from({ length: count }, random(seed).normal);
}

interface Steps {
  /** Step of the 8-bit grid that the input is put on. */
  readonly input?: number;
  /** Step of the grid that the hidden values are put on. */
  readonly hidden?: number;
}

/** `from` through QuantizeLinear and DequantizeLinear, where a step is given. */
function stepped(edit: GraphEdit, from: string, step: number | undefined): string {
  if (step === undefined) return from;
  const scale = edit.constant(`${from}_scale`, floats([step], []));
  const zero = edit.constant(`${from}_zero_point`, fromNumbers('uint8', [], [128]));
  const stored = edit.add({ op: 'QuantizeLinear', inputs: [from, scale, zero] });
  return edit.add({ op: 'DequantizeLinear', inputs: [stored, scale, zero] });
}

/** x -> MatMul (product) -> Relu (hidden) -> MatMul (y), on grids as `steps` says. */
function network(steps: Steps = {}): Model {
  const head = { inputs: [value('x', 'float32', ['N', WIDTH])], outputs: [value('y', 'float32', ['N', WIDTH])] };
  return buildModel(head, (edit) => {
    const [first, second] = [1, 2].map((seed) =>
      edit.constant(`w${seed}`, floats(normals(seed, WIDTH ** 2), [WIDTH, WIDTH])),
    );
    edit.add({ op: 'MatMul', name: 'first', inputs: [stepped(edit, 'x', steps.input), first], outputs: ['product'] });
    edit.add({ op: 'Relu', name: 'relu', inputs: ['product'], outputs: ['hidden'] });
    edit.add({ op: 'MatMul', name: 'second', inputs: [stepped(edit, 'hidden', steps.hidden), second], outputs: ['y'] });
  });
}

async function saved(name: string, model: Model): Promise<string> {
  const file = join(folder, name);
  await saveModel(model, file);
  return file;
}

describe('compareValues', () => {
  let set: PreparedSet;
  let float: string;

  beforeAll(async () => {
    const read: Dataset['read'] = async (i) => ({
      id: String(i),
      inputs: { x: floats(FED.slice(i * WIDTH, (i + 1) * WIDTH), [1, WIDTH]) },
    });
    const samples = { name: 'normals', length: SAMPLES, labelled: false, read };
    set = await prepare(samples, [...Array(SAMPLES).keys()], join(folder, 'set'));
    float = await saved('float.onnx', network());
  });

  it('finds a model equal to itself', async () => {
    const { values, start } = await compareValues(executor, float, float, set);
    expect(values.map(({ node, noise, cosine }) => [node, noise, cosine])).toEqual([
      ['first', 0, 1],
      ['relu', 0, 1],
      ['second', 0, 1],
    ]);
    expect(start).toBeUndefined();
  });

  it('finds the value where a coarse grid begins, with the noise that its step makes', async () => {
    const step = 4;
    const { values, start } = await compareValues(
      executor,
      float,
      await saved('hidden.onnx', network({ hidden: step })),
      set,
    );
    const [product, hidden, y] = values;
    expect(product.noise).toBe(0);
    // Half the hidden values are 0 and stay it; the others are off by step^2 / 12. Their power is WIDTH / 2.
    expect(hidden.noise).toBeGreaterThan((0.9 * step ** 2) / 12 / WIDTH);
    expect(hidden.noise).toBeLessThan((1.1 * step ** 2) / 12 / WIDTH);
    expect(hidden).toEqual(start);
    expect(y.before).toBe(hidden.noise);
    expect(y.noise).toBeGreaterThan(LOUD);
  });

  it('tells how far it is', async () => {
    const seen: string[] = [];
    await compareValues(executor, float, float, set, { onProgress: (done, total) => seen.push(`${done}/${total}`) });
    expect(seen).toHaveLength(SAMPLES);
    expect(seen.at(-1)).toBe('64/64');
  });
});

describe('tapModels', () => {
  it('leaves out what lies inside a fused kernel', () => {
    const names = ({ input, hidden }: Steps) =>
      tapModels(network(), network({ ...(input && { input }), ...(hidden && { hidden }) })).taps.map(
        (tap) => tap.value,
      );
    expect(names({})).toEqual(['product', 'hidden', 'y']);
    expect(names({ input: 0.1, hidden: 0.1 })).toEqual(['hidden', 'y']);
    expect(names({ hidden: 0.1 })).toEqual(['product', 'hidden', 'y']);
  });
});
