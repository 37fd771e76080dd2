import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { noise } from '../../test/support/prove-equal.js';
import { loadModel } from '../graph/from-onnx.js';
import { encodeModel } from '../graph/to-onnx.js';
import { ortRuntime } from '../runtime/ort.js';
import { Builder } from './builder.js';
import { matmul, permute, relu, reshape, sum } from './ops.js';
import { programBytes } from './peak-bytes.js';
import { gradient } from './products.js';
import type { Program } from './program.js';
import { lastMadeFirst, runOrder } from './run-order.js';
import { toModel } from './write/to-model.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bitloom-order-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const LAYERS = ['w0', 'w1', 'w2', 'w3'];
const SIDE = 32;

/** x -> Relu(x w') for each layer -> its sum. */
function layers(): Program {
  const b = new Builder();
  const x = b.input('x', { dtype: 'float32', shape: [SIDE, SIDE] });
  const last = LAYERS.reduce((term, name, i) => {
    const w = b.weight(name, noise([SIDE, SIDE], i));
    b.setValue(name, w);
    return relu(b, matmul(b, term, permute(b, w, [1, 0])));
  }, x);
  return b.finish(new Map([['loss', reshape(b, sum(b, last), [])]]));
}

/** The outputs in the order in which ONNX Runtime makes them. */
async function madeByRuntime(program: Program): Promise<readonly string[]> {
  const optimizedModelPath = join(folder, 'optimized.onnx');
  await (await ortRuntime.open(encodeModel(toModel(program)), { threads: 1, optimizedModelPath })).close();
  const { nodes } = (await loadModel(optimizedModelPath)).graph;
  return nodes.flatMap(({ outputs }) => outputs.filter((name) => program.outputs.has(name)));
}

it('gradients of the last layers are made first, as they are ready', async () => {
  const program = gradient(layers(), LAYERS);
  const ready = lastMadeFirst(program).map(([name]) => name);
  expect(ready).toEqual(LAYERS.map((name) => `gradient:${name}`));
  expect(await madeByRuntime(program)).toEqual(ready.toReversed());
  const outputs = new Map([...program.outputs].map(([name, term]) => [term.name, name]));
  const made = runOrder(program).flatMap((equation) => equation.outputs.map(({ name }) => outputs.get(name)));
  expect(made.filter((name) => name !== undefined)).toEqual(ready.toReversed());
});

it('every equation is run once, after what it reads', () => {
  const program = gradient(layers(), LAYERS);
  const order = runOrder(program);
  expect(new Set(order)).toEqual(new Set(program.equations));
  expect(order).toHaveLength(program.equations.length);
  const known = new Set([...program.inputs.map(({ name }) => name), ...program.constants.keys()]);
  for (const { inputs, outputs } of order) {
    expect(inputs.filter(({ name }) => !known.has(name))).toEqual([]);
    for (const { name } of outputs) known.add(name);
  }
});

it('bytes are those of the values that are held together', () => {
  const size = 4 * SIDE * SIDE;
  const { constants, values } = programBytes(layers());
  expect(constants).toBe(LAYERS.length * size);
  // The turned weights, which come first since they stand last, with x and the first product.
  expect(values).toBe((LAYERS.length + 2) * size);
});
