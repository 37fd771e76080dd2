import { expect } from 'vitest';
import { loadModel } from '../../src/graph/from-onnx.js';
import { upgradeOpset } from '../../src/graph/upgrade.js';
import { simplify } from '../../src/simplify/simplify.js';
import { runGraph, runModel } from '../support/run-model.js';
import { feedsOf, readTensor } from './backend-cases.js';
import { everyBackendModel, expectClose } from './backend-suite.js';

everyBackendModel(
  'ONNX backend models, carried to opset 21 and simplified',
  new URL('./upgrade-exclusions.txt', import.meta.url),
  async ({ model: file, sets }) => {
    const model = await loadModel(file);
    const upgraded = upgradeOpset(model, 21);
    const { model: simple } = await simplify(upgraded, { evaluate: runModel });
    expect(simple.graph.outputs.map(({ name }) => name)).toEqual(model.graph.outputs.map(({ name }) => name));
    for (const set of sets) {
      expectClose(model, await runGraph(simple, feedsOf(model, set)), set.outputs.map(readTensor));
    }
  },
);
