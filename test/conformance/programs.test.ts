import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readProgram } from '../../src/autodiff/read-program.js';
import { toModel } from '../../src/autodiff/write/to-model.js';
import { loadModel } from '../../src/graph/from-onnx.js';
import { probeFeeds } from '../../src/graph/observe.js';
import { encodeModel } from '../../src/graph/to-onnx.js';
import { readBack } from '../support/read-back.js';
import { runModel, SHARED } from '../support/run-model.js';
import { feedsOf, readTensor } from './backend-cases.js';
import { everyBackendModel, expectClose } from './backend-suite.js';

everyBackendModel(
  'ONNX backend models, read into primitives and written again',
  new URL('./programs-exclusions.txt', import.meta.url),
  async ({ model: file, sets }) => {
    const model = await loadModel(file);
    for (const set of sets) {
      const feeds = feedsOf(model, set);
      const program = await readProgram(model, { feeds, run: runModel });
      const read = Object.fromEntries(program.inputs.map(({ name }) => [name, feeds[name]]));
      expectClose(model, await runModel(encodeModel(toModel(program)), read), set.outputs.map(readTensor));
    }
  },
);

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
