import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readProgram } from '../../src/autodiff/read-program.js';
import { toModel } from '../../src/autodiff/write/to-model.js';
import { loadModel } from '../../src/graph/from-onnx.js';
import type { Model } from '../../src/graph/model.js';
import { type Feeds, probeFeeds } from '../../src/graph/observe.js';
import { encodeModel } from '../../src/graph/to-onnx.js';
import { type Tensor, toNumbers } from '../../src/kernel/tensor.js';
import { readBack } from '../support/read-back.js';
import { runModel, SHARED } from '../support/run-model.js';
import {
  type BackendCase,
  type BackendSet,
  backendCases,
  rampInput,
  readExclusions,
  readTensor,
} from './backend-cases.js';

const ROOT = join(SHARED, 'onnx-backend');
const EXCLUSIONS = readExclusions(new URL('./programs-exclusions.txt', import.meta.url));

/** |actual - expected| <= ABSOLUTE + RELATIVE |expected|: the relative bound is that of ONNX's own runner. */
const RELATIVE = 1e-3;
const ABSOLUTE = 1e-5;

/** Large light models only repeat operators of the others. */
const LIGHT = /light_(densenet121|vgg19|bvlc_alexnet|zfnet512|resnet50)/;

describe.runIf(existsSync(ROOT))('ONNX backend models, read into primitives and written again', () => {
  const cases = existsSync(ROOT) ? backendCases(ROOT).filter(({ name }) => !LIGHT.test(name)) : [];

  it('are known where they are excluded', () => {
    const names = new Set(cases.map(({ name }) => name));
    expect([...EXCLUSIONS.keys()].filter((name) => !names.has(name))).toEqual([]);
  });

  it.each(cases)('$name', async (backendCase) => {
    const reason = EXCLUSIONS.get(backendCase.name);
    if (reason === undefined) return computesWhatItShould(backendCase);
    await expect(computesWhatItShould(backendCase), `excluded (${reason}) but passes`).rejects.toThrow();
  });
});

async function computesWhatItShould({ model: file, sets }: BackendCase): Promise<void> {
  const model = await loadModel(file);
  for (const set of sets) {
    const feeds = feedsOf(model, set);
    const program = await readProgram(model, { feeds, run: runModel });
    const read = Object.fromEntries(program.inputs.map(({ name }) => [name, feeds[name]]));
    const results = await runModel(encodeModel(toModel(program)), read);
    expectClose(model, results, set.outputs.map(readTensor));
  }
}

function feedsOf(model: Model, set: BackendSet): Feeds {
  if (set.inputs.length === 0 && set.outputs.some((path) => path.includes('light_'))) return rampInput(model);
  const open = model.graph.inputs.filter(({ name }) => !model.graph.initializers.has(name));
  return Object.fromEntries(set.inputs.slice(0, open.length).map((path, i) => [open[i].name, readTensor(path)]));
}

function expectClose(model: Model, results: Feeds, expected: readonly Tensor[]): void {
  expected.forEach((tensor, i) => {
    const actual = results[model.graph.outputs[i].name];
    expect([actual.dtype, actual.dims]).toEqual([tensor.dtype, tensor.dims]);
    const [found, wanted] = [toNumbers(actual), toNumbers(tensor)];
    expect(Array.from(wanted).findIndex((item, at) => !isClose(found[at], item))).toBe(-1);
  });
}

function isClose(actual: number, expected: number): boolean {
  return Object.is(actual, expected) || Math.abs(actual - expected) <= ABSOLUTE + RELATIVE * Math.abs(expected);
}

const MODELS = [
  ...['resnet50-imagenet', 'mobilenetv2-imagenet', 'squeezenet1.1-imagenet', 'mobilenetv2-0.35-tinyimagenet'],
  ...['resnet20-cifar10', 'resnet56-cifar10', 'gpt2-smiles', 'bert-mini-sst2', 'minilm-l6-sst2/onnx/model'],
].map((name) => ({ name, file: join(SHARED, 'models', `${name}.onnx`) }));

/** Relative to the largest output: measured at most 5e-7. */
const NEAR = 5e-6;

describe.each(MODELS)('$name', ({ file }) => {
  it.runIf(existsSync(file))('is the same network in primitives', async () => {
    const model = await loadModel(file);
    expect((await readBack(model, probeFeeds(model, 0))).apart).toBeLessThan(NEAR);
  });
});
