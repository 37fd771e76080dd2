/** A network and samples on which the search has something to find, small enough to be run a hundred times. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildModel, value } from '../../src/graph/build.js';
import type { GraphEdit } from '../../src/graph/edit.js';
import type { Model } from '../../src/graph/model.js';
import { encodeModel } from '../../src/graph/to-onnx.js';
import { random } from '../../src/kernel/random.js';
import { floats } from '../../src/kernel/tensor.js';

const CHANNELS = 48;
const SIDE = 8;
const CLASSES = 10;
const BLOCKS = 8;
/** Blocks that, like `head`, do not bear 8 bits. */
const LOUD_BLOCKS: readonly number[] = [2, 5];

/** One feature is so much larger than the others that 8 bits for all of them leave these few steps. */
const LOUD = 400;

/** Between the divergence of the best plans that have `head` in float and that of all-int8, which is far above. */
const FLOOR = 'kl=0.001';

const SAMPLES = 160;

export interface Subject {
  readonly model: string;
  readonly data: string;
  readonly floor: string;
}

/** Writes model and data into `folder`, which is made. The same seed is the same network. */
export function writeSubject(folder: string, seed = 1): Subject {
  const model = join(folder, 'subject.onnx');
  const data = join(folder, 'samples.mjs');
  mkdirSync(folder, { recursive: true });
  writeFileSync(model, encodeModel(network(seed)));
  writeFileSync(data, SAMPLE_MODULE);
  return { model, data, floor: FLOOR };
}

/** `x` [N,3,8,8] to `logits` [N,10]: convolutions `conv0` ... `conv7`, and `head`. */
function network(seed: number): Model {
  const inputs = [value('x', 'float32', ['N', 3, SIDE, SIDE])];
  const outputs = [value('logits', 'float32', ['N', CLASSES])];
  return buildModel({ inputs, outputs, opset: 21 }, (edit) => {
    let last = 'x';
    for (let block = 0; block < BLOCKS; block++) last = addBlock(edit, last, block, seed);
    const pooled = edit.add({ op: 'GlobalAveragePool', inputs: [last] });
    const features = edit.add({ op: 'Flatten', inputs: [addLoud(edit, pooled)] });
    const dims = [CHANNELS, CLASSES];
    const weight = edit.constant(
      'head.weight',
      floats(
        quiet(noise(dims, seed, 0.4), (i) => i < CLASSES),
        dims,
      ),
    );
    edit.add({ op: 'MatMul', name: 'head', inputs: [features, weight], outputs: ['logits'] });
  });
}

function addBlock(edit: GraphEdit, from: string, block: number, seed: number): string {
  const channels = block === 0 ? 3 : CHANNELS;
  const dims = [CHANNELS, channels, 3, 3];
  const weight = noise(dims, seed + block + 1, Math.sqrt(2 / (9 * channels)));
  const isLoud = LOUD_BLOCKS.includes(block);
  const values = isLoud ? quiet(weight, (i) => i % (9 * channels) < 9) : weight;
  const conv = edit.add({
    op: 'Conv',
    name: `conv${block}`,
    inputs: [isLoud ? addLoud(edit, from) : from, edit.constant(`conv${block}.weight`, floats(values, dims))],
    attributes: { pads: [1, 1, 1, 1] },
  });
  return edit.add({ op: 'Relu', inputs: [conv] });
}

/** Lifts the first channel of `from` [N,48,H,W] far above the others. */
function addLoud(edit: GraphEdit, from: string): string {
  const lift = Array.from({ length: CHANNELS }, (_, channel) => (channel === 0 ? LOUD : 0));
  return edit.add({ op: 'Add', inputs: [from, edit.constant(`${from}.loud`, floats(lift, [CHANNELS, 1, 1]))] });
}

/** Weights of the loud channel are so small that it adds about as much as any other. */
function quiet(weight: readonly number[], isLoud: (index: number) => boolean): readonly number[] {
  return weight.map((each, i) => (isLoud(i) ? each / LOUD : each));
}

function noise(dims: readonly number[], seed: number, scale: number): readonly number[] {
  const source = random(seed);
  const size = dims.reduce((product, dim) => product * dim, 1);
  return Array.from({ length: size }, () => source.normal() * scale);
}

/** Its samples come from a formula: the module needs nothing but itself. */
const SAMPLE_MODULE = `
export default function* samples() {
  for (let i = 0; i < ${SAMPLES}; i++) {
    const x = Array.from({ length: ${3 * SIDE * SIDE} }, (_, k) => 2 * Math.sin((i + 1) * (k + 1) * 1.618 + i));
    yield { inputs: { x: new Float32Array(x) } };
  }
}
`;
