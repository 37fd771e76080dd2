import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SHARED } from '../support/run-model.js';
import { broken } from './laws.js';
import { SINGLE, singleErrors, trainedSubject } from './model-laws.js';

const MODELS = [
  ...['resnet20-cifar10', 'mobilenetv2-0.35-tinyimagenet', 'gpt2-smiles', 'bert-mini-sst2'],
  'minilm-l6-sst2/onnx/model',
].map((name) => ({ name, file: join(SHARED, 'models', `${name}.onnx`) }));

describe.each(MODELS)('the derivatives of $name', ({ file }) => {
  it.runIf(existsSync(file))('obey the laws that float32 can show', async () => {
    expect(broken(await singleErrors(await trainedSubject(file, 'own')), SINGLE)).toEqual([]);
  });
});
