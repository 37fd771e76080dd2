import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runWith } from '../../test/support/run-model.js';
import { calibrate } from '../calibrate/methods.js';
import { observe } from '../calibrate/observe.js';
import type { PreparedSet, Sample } from '../data/dataset.js';
import { prepare } from '../data/prepared.js';
import { createEmitter } from '../emit/emitter.js';
import { buildModel, value } from '../graph/build.js';
import type { GraphEdit } from '../graph/edit.js';
import type { Model } from '../graph/model.js';
import { encodeModel } from '../graph/to-onnx.js';
import { random } from '../kernel/random.js';
import { floats, ints, isDense, toFloat32 } from '../kernel/tensor.js';
import { loadTarget } from '../latency/load-target.js';
import { valuesToObserve } from '../quantize/make-plan.js';
import { findUnits } from '../quantize/units.js';
import { localExecutor } from '../runtime/executor.js';
import { type Perturbing, perturbingPlan } from './pieces.js';
import type { Reduced } from './reduce.js';
import { type ReplaySettings, replay, type VariantRows } from './replay.js';
import { pairsOf, singles, type Variant } from './variant.js';

const folder = mkdtempSync(join(tmpdir(), 'bitloom-replay-test-'));
const executor = localExecutor({ workers: 2, threads: 1 });
const target = loadTarget('ort-cpu');
const SAMPLES = 11;
const CHANNELS = 8;
const CLASSES = 5;

/** A stem, a block with a shortcut, two convolutions of one weight, and a classifier; its first conv leaves the graph as well. */
const model: Model = buildModel(
  {
    inputs: [value('x', 'float32', ['N', 3, 8, 8])],
    outputs: [value('y', 'float32', ['N', CLASSES]), value('early', 'float32', ['N', CHANNELS])],
  },
  (edit) => {
    const axes = edit.constant('axes', ints([2, 3], [2]));
    const stem = relu(edit, conv(edit, 'x', 'stem', weight(edit, 'stem', 3)));
    edit.add({ op: 'ReduceMean', inputs: [stem, axes], outputs: ['early'], attributes: { keepdims: 0 } });
    const inner = relu(edit, conv(edit, stem, 'inner', weight(edit, 'inner', CHANNELS)));
    const outer = conv(edit, inner, 'outer', weight(edit, 'outer', CHANNELS));
    const joined = relu(edit, edit.add({ op: 'Add', inputs: [outer, stem] }));
    const shared = weight(edit, 'shared', CHANNELS);
    const once = relu(edit, conv(edit, joined, 'once', shared));
    const twice = relu(edit, conv(edit, once, 'twice', shared));
    const pooled = edit.add({ op: 'ReduceMean', inputs: [twice, axes], attributes: { keepdims: 0 } });
    const w = edit.constant('head_w', floats(normals(9, CHANNELS * CLASSES), [CHANNELS, CLASSES]));
    edit.add({ op: 'Gemm', name: 'head', inputs: [pooled, w], outputs: ['y'] });
  },
);

function weight(edit: GraphEdit, name: string, from: number): string {
  const values = normals(name.length + from, CHANNELS * from * 9).map((x) => x / Math.sqrt(from * 9));
  return edit.constant(`${name}_w`, floats(values, [CHANNELS, from, 3, 3]));
}

function conv(edit: GraphEdit, x: string, name: string, w: string): string {
  return edit.add({ op: 'Conv', name, inputs: [x, w], attributes: { pads: [1, 1, 1, 1] } });
}

function relu(edit: GraphEdit, x: string): string {
  return edit.add({ op: 'Relu', inputs: [x] });
}

function normals(seed: number, count: number): number[] {
  const source = random(seed);
  return Array.from({ length: count }, () => source.normal());
}

function sampleAt(index: number): Sample {
  return { id: `${index}`, inputs: { x: floats(normals(100 + index, 3 * 64), [1, 3, 8, 8]) } };
}

let perturbing: Perturbing;
let set: PreparedSet;
const SINGLES = singles(findUnits(model), () => ['w8a8', 'w4a4']);

beforeAll(async () => {
  const dataset = { name: 'random', length: SAMPLES, labelled: false, read: async (i: number) => sampleAt(i) };
  set = await prepare(dataset, [...Array(SAMPLES).keys()], join(folder, 'samples'));
  const values = valuesToObserve(model, target);
  const statistics = await observe({ model, values, data: set, detail: 'range', executor });
  const activations = Object.fromEntries(calibrate({ statistics, method: 'min-max', bits: [4, 8, 16] }));
  perturbing = {
    ...{ model, modelHash: 'made up', target, activations },
    weights: { method: 'min-max', reduceRange: false, blockSize: 32 },
  };
});
afterAll(async () => {
  await executor.close();
  rmSync(folder, { recursive: true });
});

async function replayed(variants: readonly Variant[], settings: ReplaySettings = {}) {
  const rows = new Map<string, Reduced[]>();
  const done = await replay(
    executor,
    { ...perturbing, variants, set, wanted: { outputs: true } },
    {
      folder,
      ...settings,
      onRows: ({ variant, from, samples }) => {
        const own = rows.get(JSON.stringify(variant)) ?? [];
        rows.set(JSON.stringify(variant), own);
        for (const [i, sample] of samples.entries()) own[from + i] = sample;
      },
    },
  );
  return { done, of: (variant: Variant) => rows.get(JSON.stringify(variant)) ?? [] };
}

/** The whole model with the same units changed, in one run. */
async function whole(variant: Variant): Promise<readonly Float32Array[]> {
  const units = findUnits(model);
  const groups = new Map(variant.map(({ unit, format }) => [units.find(({ name }) => name === unit)?.group, format]));
  const changes = new Map(
    units.flatMap(({ name, group }) => {
      const format = groups.get(group);
      return format ? [[name, format] as const] : [];
    }),
  );
  const bytes = encodeModel(createEmitter(model).emit(perturbingPlan(perturbing, changes)));
  const answers: Float32Array[] = [];
  for (let i = 0; i < SAMPLES; i++) {
    const outputs = await runWith(bytes, sampleAt(i).inputs, {});
    answers.push(joined(outputs));
  }
  return answers;
}

function joined(outputs: Awaited<ReturnType<typeof runWith>>): Float32Array {
  const parts = ['y', 'early'].flatMap((name) => {
    const output = outputs[name];
    return isDense(output) ? [...toFloat32(output)] : [];
  });
  return Float32Array.from(parts);
}

function apart(a: Float32Array, b: Float32Array): number {
  const largest = Math.max(...a.map(Math.abs));
  return Math.max(...a.map((x, i) => Math.abs(x - b[i]))) / largest;
}

/** Between equally optimised graphs: rounding ties of sums that are added in another order. */
const TOLERANCE = 1e-5;

async function expectAsWhole(variants: readonly Variant[], settings: ReplaySettings = {}) {
  const { of, done } = await replayed(variants, settings);
  for (const variant of variants) {
    const expected = await whole(variant);
    const found = of(variant);
    expect(found.length).toBe(SAMPLES);
    for (const [i, { outputs }] of found.entries())
      expect(apart(expected[i], joined(outputs ?? {})), JSON.stringify(variant)).toBeLessThan(TOLERANCE);
  }
  return done;
}

describe('replay', () => {
  it('gives what whole runs of single units give', async () => {
    expect(SINGLES.map(([{ unit }]) => unit)).not.toContain('twice');
    const done = await expectAsWhole(SINGLES);
    expect(done.asked).toBe(SINGLES.length * SAMPLES);
    expect(done.recalled).toBe(0);
  });

  it('gives what whole runs of pairs give', async () => {
    await expectAsWhole(pairsOf(SINGLES));
  });

  it('gives the same numbers from files as from memory, and leaves none behind', async () => {
    const before = readdirSync(folder);
    const variants = pairsOf(SINGLES).slice(0, 12);
    const small = await replayed(variants, { memory: 1, batch: 4, blockSamples: 4 });
    const large = await replayed(variants, { batch: 4, blockSamples: 4 });
    expect(small.done.spilledBytes).toBeGreaterThan(0);
    expect(large.done.spilledBytes).toBe(0);
    const answers = (from: typeof small, variant: Variant) =>
      from.of(variant).map(({ outputs }) => joined(outputs ?? {}));
    for (const variant of variants) expect(answers(small, variant)).toEqual(answers(large, variant));
    expect(readdirSync(folder)).toEqual(before);
  });

  it('runs nothing that is known, and the rest only', async () => {
    const kept: VariantRows[] = [];
    const keep = async (rows: readonly VariantRows[]) => void kept.push(...rows);
    const first = await replayed(SINGLES, { blockSamples: 4, batch: 4, record: keep });
    const recall = async (variant: Variant, { from }: { from: number }) =>
      kept.find((rows) => rows.from === from && JSON.stringify(rows.variant) === JSON.stringify(variant))?.samples;
    const again = await replayed(SINGLES, { blockSamples: 4, batch: 4, recall });
    expect(again.done.recalled).toBe(again.done.asked);
    expect(again.done.cpuSeconds).toBe(0);
    kept.splice(3, 2);
    const told: VariantRows[] = [];
    const rest = await replayed(SINGLES, {
      ...{ blockSamples: 4, batch: 4, recall },
      record: async (rows) => void told.push(...rows),
    });
    expect(told.length).toBe(2);
    for (const variant of SINGLES) expect(rest.of(variant)).toEqual(first.of(variant));
  });

  it('stops when it is told to, and cleans up', async () => {
    const before = readdirSync(folder);
    const stop = new AbortController();
    const run = replayed(pairsOf(SINGLES), { signal: stop.signal, onProgress: () => stop.abort(new Error('enough')) });
    await expect(run).rejects.toThrow('enough');
    expect(readdirSync(folder)).toEqual(before);
  });

  it('refuses all that cannot be perturbed, at once', async () => {
    const variants: readonly Variant[] = [
      [{ unit: 'stme', format: 'w8a8' }],
      [{ unit: 'stem', format: 'float' }],
      [
        { unit: 'once', format: 'w8a8' },
        { unit: 'twice', format: 'w8a8' },
      ],
    ];
    const refused = replayed(variants);
    await expect(refused).rejects.toThrow(
      /no unit of this name[\s\S]*float is no perturbation[\s\S]*weights of their own/,
    );
  });
});
