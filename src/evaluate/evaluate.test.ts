import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Dataset, Label, PreparedSet, Sample } from '../data/dataset.js';
import { prepare } from '../data/prepared.js';
import { buildModel, value } from '../graph/build.js';
import type { Model } from '../graph/model.js';
import { saveModel } from '../graph/to-onnx.js';
import { random } from '../kernel/random.js';
import { floats, ints } from '../kernel/tensor.js';
import { localExecutor } from '../runtime/executor.js';
import { evaluateModel, makeReference, scoreReference } from './evaluate.js';
import { createEvaluator, type Evaluator } from './evaluator.js';

const folder = mkdtempSync(join(tmpdir(), 'bitloom-evaluate-'));
const executor = localExecutor({ workers: 2, threads: 1 });
const opened: Evaluator[] = [];
afterAll(async () => {
  await Promise.all(opened.map((evaluator) => evaluator.close()));
  await executor.close();
  rmSync(folder, { recursive: true });
});

const FEATURES = 6;
const CLASSES = 4;
const SAMPLES = 150;

/** Weights [FEATURES, CLASSES], each off by up to `noise`. */
function weights(noise: number): readonly number[] {
  const base = random(1);
  const off = random(2);
  return Array.from({ length: FEATURES * CLASSES }, () => base.normal() + noise * (off.uniform() - 0.5));
}

interface Shape {
  readonly batch?: number | string;
  readonly softmax?: boolean;
}

function classifier(noise: number, { batch = 'N', softmax = false }: Shape = {}): Model {
  const head = {
    inputs: [value('x', 'float32', [batch, FEATURES])],
    outputs: [value('y', 'float32', [batch, CLASSES])],
  };
  return buildModel(head, (edit) => {
    const w = edit.constant('w', floats(weights(noise), [FEATURES, CLASSES]));
    const product = edit.add({ op: 'MatMul', inputs: ['x', w], outputs: [softmax ? 'z' : 'y'] });
    if (softmax) edit.add({ op: 'Softmax', inputs: [product], outputs: ['y'] });
  });
}

/** Token embeddings over 5 classes: logits [N, T, 5], or [N * T, 5] where the batch is flattened away. */
function tokenModel(flattened: boolean): Model {
  const head = {
    inputs: [value('input_ids', 'int64', ['N', 'T'])],
    outputs: [value('logits', 'float32', flattened ? ['M', 5] : ['N', 'T', 5])],
  };
  return buildModel(head, (edit) => {
    const source = random(3);
    const table = edit.constant('table', floats(Array.from({ length: 25 }, source.normal), [5, 5]));
    const rows = edit.add({ op: 'Gather', inputs: [table, 'input_ids'], outputs: [flattened ? 'rows' : 'logits'] });
    const shape = edit.constant('shape', ints([-1, 5]));
    if (flattened) edit.add({ op: 'Reshape', inputs: [rows, shape], outputs: ['logits'] });
  });
}

async function save(name: string, model: Model): Promise<string> {
  const path = join(folder, `${name}.onnx`);
  await saveModel(model, path);
  return path;
}

function setOf(name: string, samples: readonly Omit<Sample, 'id'>[]): Promise<PreparedSet> {
  const dataset: Dataset = {
    name,
    length: samples.length,
    labelled: samples[0].label !== undefined,
    read: async (i) => ({ id: `${name}-${i}`, ...samples[i] }),
  };
  return prepare(dataset, [...samples.keys()], join(folder, `${name}.set`));
}

function features(label: (i: number) => Label = (i) => i % CLASSES): Omit<Sample, 'id'>[] {
  const source = random(4);
  return Array.from({ length: SAMPLES }, (_, i) => ({
    inputs: { x: floats(Array.from({ length: FEATURES }, source.normal), [1, FEATURES]) },
    label: label(i),
  }));
}

async function evaluator(set: PreparedSet, metric: string, batch?: number): Promise<Evaluator> {
  const made = await createEvaluator({
    executor,
    set,
    metric: { name: metric },
    ...(batch !== undefined && { batch }),
  });
  opened.push(made);
  return made;
}

/** The classifier in plain arithmetic. */
function expectedLogits(sample: Omit<Sample, 'id'>, noise: number): number[] {
  const x = new Float32Array(sample.inputs.x.bytes.buffer, sample.inputs.x.bytes.byteOffset, FEATURES);
  const w = Float32Array.from(weights(noise));
  return Array.from({ length: CLASSES }, (_, c) => x.reduce((sum, item, f) => sum + item * w[f * CLASSES + c], 0));
}

function expectedKl(sample: Omit<Sample, 'id'>, noise: number): number {
  const softmax = (logits: number[]) => {
    const total = logits.reduce((sum, item) => sum + Math.exp(item), 0);
    return logits.map((item) => Math.exp(item) / total);
  };
  const q = softmax(expectedLogits(sample, noise));
  return softmax(expectedLogits(sample, 0)).reduce((sum, p, i) => sum + p * Math.log(p / q[i]), 0);
}

const samples = features();
const set = await setOf('features', samples);
const float = await save('float', classifier(0));
const noisy = await save('noisy', classifier(0.8));

describe('an evaluation', () => {
  it('scores every sample as plain arithmetic does, in the order of the set', async () => {
    const top1 = await evaluator(set, 'top1');
    const { outcomes } = await top1.baseline(float);
    const result = await top1.evaluate(noisy);
    const right = (noise: number) =>
      samples.map((sample) => {
        const logits = expectedLogits(sample, noise);
        return [logits.indexOf(Math.max(...logits)) === sample.label ? 1 : 0];
      });
    expect(outcomes.rows).toEqual(right(0));
    expect(outcomes.divergence).toEqual(samples.map(() => 0));
    expect(result.rows).toEqual(right(0.8));
    expect(result).toMatchObject({ metric: 'top1', samples: SAMPLES, stoppedEarly: false, nonFinite: 0 });
    for (const [i, sample] of samples.entries()) expect(result.divergence[i]).toBeCloseTo(expectedKl(sample, 0.8), 5);
  });

  it('gives the same numbers whatever the batch and the number of workers', async () => {
    const reference = await makeReference(executor, float, set, folder);
    const one = localExecutor({ workers: 1, threads: 1 });
    const single = await evaluateModel(one, reference, { name: 'kl' }, noisy, { batch: 1 });
    await one.close();
    const batched = await evaluateModel(executor, reference, { name: 'kl' }, noisy, { batch: 7 });
    expect(batched.divergence).toHaveLength(SAMPLES);
    for (const [i, item] of batched.divergence.entries()) expect(item).toBeCloseTo(single.divergence[i], 6);
  });

  it('runs a part of the set', async () => {
    const reference = await makeReference(executor, float, set, folder);
    const whole = await evaluateModel(executor, reference, { name: 'kl' }, noisy);
    const part = await evaluateModel(executor, reference, { name: 'kl' }, noisy, { range: { from: 60, to: 90 } });
    expect(part.rows).toEqual(whole.rows.slice(60, 90));
    expect(part.samples).toBe(30);
  });

  it('reports progress up to the whole set', async () => {
    const reference = await makeReference(executor, float, set, folder);
    const seen: number[] = [];
    await evaluateModel(executor, reference, { name: 'kl' }, noisy, { onProgress: (done) => seen.push(done) });
    expect(seen.at(-1)).toBe(SAMPLES);
    expect(seen.length).toBeGreaterThan(2);
  });

  it('stops where the result is settled, at the same sample each time', async () => {
    const top1 = await evaluator(set, 'agreement');
    await top1.baseline(float);
    const decided = (rows: readonly (readonly number[])[]) => rows.length >= 40;
    const runs = [await top1.evaluate(noisy, { decided }), await top1.evaluate(noisy, { decided })];
    for (const run of runs) expect([run.rows.length, run.stoppedEarly, run.samples]).toEqual([64, true, SAMPLES]);
    expect(runs[0].rows).toEqual((await top1.evaluate(noisy)).rows.slice(0, 64));
  });

  it('ends when its caller aborts it', async () => {
    const reference = await makeReference(executor, float, set, folder);
    const controller = new AbortController();
    const settings = { signal: controller.signal, onProgress: () => controller.abort(new Error('enough')) };
    await expect(evaluateModel(executor, reference, { name: 'kl' }, noisy, settings)).rejects.toThrow('enough');
  });

  it('removes its reference files when it closes', async () => {
    const closing = await createEvaluator({ executor, set, metric: { name: 'top1' } });
    const { reference } = await closing.baseline(float);
    const { file } = reference.parts[0].outputs;
    expect(existsSync(file)).toBe(true);
    await closing.close();
    expect(existsSync(file)).toBe(false);
  });
});

describe('outputs', () => {
  it('of a model that ends in Softmax are taken as probabilities', async () => {
    const made = await makeReference(executor, await save('softmax', classifier(0, { softmax: true })), set, folder);
    expect(made.kinds).toEqual({ y: { kind: 'probabilities' } });
    const candidate = await save('softmax-noisy', classifier(0.8, { softmax: true }));
    const result = await evaluateModel(executor, made, { name: 'kl' }, candidate);
    for (const [i, sample] of samples.entries()) expect(result.divergence[i]).toBeCloseTo(expectedKl(sample, 0.8), 5);
  });

  it('that are real values are measured against their variance', async () => {
    const made = await makeReference(executor, float, set, folder, { roles: { y: 'regression' } });
    const all = samples.flatMap((sample) => expectedLogits(sample, 0));
    const mean = all.reduce((sum, item) => sum + item, 0) / all.length;
    const variance = all.reduce((sum, item) => sum + (item - mean) ** 2, 0) / all.length;
    expect(made.kinds.y).toMatchObject({ kind: 'regression', variance: expect.closeTo(variance, 4) });
    const result = await evaluateModel(executor, made, { name: 'mse' }, noisy);
    expect(result.divergence[3]).toBeCloseTo(result.rows[3][0] / variance, 5);
  });

  it('of a model with a fixed batch dimension are right too', async () => {
    const fixed = await save('fixed', classifier(0.8, { batch: 1 }));
    const reference = await makeReference(executor, float, set, folder);
    const result = await evaluateModel(executor, reference, { name: 'kl' }, fixed);
    expect(result.divergence[9]).toBeCloseTo(expectedKl(samples[9], 0.8), 5);
  });

  it.each([false, true])('of sentences of unequal length are right (flattened: %s)', async (flattened) => {
    const sentences = Array.from({ length: 20 }, (_, i) => ({
      inputs: { input_ids: ints([...Array(2 + (i % 3)).keys()], [1, 2 + (i % 3)]) },
    }));
    const texts = await setOf(`texts-${flattened}`, sentences);
    const model = await save(`tokens-${flattened}`, tokenModel(flattened));
    const reference = await makeReference(executor, model, texts, folder);
    const agreement = await evaluateModel(executor, reference, { name: 'token-agreement' }, model, { batch: 4 });
    expect(agreement.rows).toEqual(sentences.map(({ inputs }) => [inputs.input_ids.dims[1], inputs.input_ids.dims[1]]));
    expect(agreement.divergence.every((item) => item === 0)).toBe(true);
  });
});

describe('what goes wrong', () => {
  const broken = () => buildBroken(Number.NaN);

  it('a candidate that answers NaN is counted and never right', async () => {
    const top1 = await evaluator(set, 'top1');
    await top1.baseline(float);
    const result = await top1.evaluate(await save('nan', broken()));
    expect(result.nonFinite).toBe(SAMPLES);
    expect(result.rows.flat().every((row) => row === 0)).toBe(true);
    expect(result.divergence.every((item) => item === Number.POSITIVE_INFINITY)).toBe(true);
  });

  it('a float model that answers NaN is refused, the sample named, and no file is left', async () => {
    const empty = mkdtempSync(join(folder, 'empty-'));
    const made = makeReference(executor, await save('nan-float', broken()), set, empty);
    await expect(made).rejects.toMatchObject({ code: 'non-finite-output' });
    await expect(made).rejects.toThrow(/sample features-\d+/);
    // The failure is told at once; the other worker, told to stop, still has its own file to take away.
    await expect.poll(() => readdirSync(empty), { timeout: 5000 }).toEqual([]);
  });

  it('a label out of range is an error that names its sample', async () => {
    const wrong = await setOf(
      'wrong',
      features((i) => (i === 77 ? 9 : 0)),
    );
    const reference = await makeReference(executor, float, wrong, folder);
    const scored = scoreReference(executor, reference, { name: 'top1' });
    await expect(scored).rejects.toThrow(/sample wrong-77.*label 9/s);
  });

  it('a model that does not load is an error that names the file', async () => {
    const reference = await makeReference(executor, float, set, folder);
    const lost = evaluateModel(executor, reference, { name: 'kl' }, join(folder, 'lost.onnx'));
    await expect(lost).rejects.toMatchObject({ code: 'file-not-found' });
  });
});

/** The classifier with the weights of its first feature replaced. */
function buildBroken(weight: number): Model {
  const model = classifier(0);
  const w = floats(
    weights(0).map((item, i) => (i < CLASSES ? weight : item)),
    [FEATURES, CLASSES],
  );
  return { ...model, graph: { ...model.graph, initializers: new Map([['w', w]]) } };
}
