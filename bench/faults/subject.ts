/** A network and samples on which the search has something to find, small enough to be run a hundred times. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildModel, value } from '../../src/graph/build.js';
import type { GraphEdit } from '../../src/graph/edit.js';
import type { Model } from '../../src/graph/model.js';
import { encodeModel } from '../../src/graph/to-onnx.js';
import { random } from '../../src/kernel/random.js';
import { floats } from '../../src/kernel/tensor.js';

/** Images of 8 by 8 with 3 channels, and classes to tell apart. */
const SIDE = 8;
const CLASSES = 10;
const SAMPLES = 160;

/** Blocks that, like `head`, do not bear 8 bits. */
const LOUD_BLOCKS: readonly number[] = [2, 5];

/** One feature is so much larger than the others that 8 bits for all of them leave these few steps. */
const LOUD = 400;

interface Size {
  readonly channels: number;
  readonly blocks: number;
  readonly options: readonly string[];
}

/**
 * `searched`: the floor lies between the divergence of the plans that leave the loud units in float and that of all
 * others; int8 is so much faster that no noise decides which plan is returned. `tiny`: no search, for whatever has to do
 * with files and processes alone.
 */
const SIZES = {
  // The frontier follows measured times, which no two runs share unless one finds the other's.
  searched: { channels: 48, blocks: 8, options: ['--keep', 'kl=0.001', '--search', 'bisection'] },
  tiny: { channels: 8, blocks: 3, options: ['--keep', 'kl=100', '--uniform', 'w8a8'] },
} as const satisfies Readonly<Record<string, Size>>;

export type SubjectSize = keyof typeof SIZES;

/** Files of a run, and what is asked of it. */
export interface Subject {
  readonly model: string;
  readonly data: string;
  readonly options: readonly string[];
}

/** Writes model and data into `folder`, which is made. The same size and seed are the same network. */
export function writeSubject(folder: string, size: SubjectSize, seed = 1): Subject {
  const model = join(folder, 'subject.onnx');
  const data = join(folder, 'samples.mjs');
  mkdirSync(folder, { recursive: true });
  writeFileSync(model, encodeModel(network(SIZES[size], seed)));
  writeFileSync(data, SAMPLE_MODULE);
  return { model, data, options: SIZES[size].options };
}

/** `x` [N,3,8,8] to `logits` [N,10]: convolutions `conv0`, `conv1` ..., and `head`. */
function network({ channels, blocks }: Size, seed: number): Model {
  const inputs = [value('x', 'float32', ['N', 3, SIDE, SIDE])];
  const outputs = [value('logits', 'float32', ['N', CLASSES])];
  return buildModel({ inputs, outputs, opset: 21 }, (edit) => {
    let last = 'x';
    for (let block = 0; block < blocks; block++) {
      last = addBlock(edit, { from: last, block, channels: [block === 0 ? 3 : channels, channels], seed });
    }
    const pooled = edit.add({ op: 'GlobalAveragePool', inputs: [last] });
    const features = edit.add({ op: 'Flatten', inputs: [addLoud(edit, pooled, channels)] });
    const dims = [channels, CLASSES];
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

interface Block {
  readonly from: string;
  readonly block: number;
  readonly channels: readonly [input: number, output: number];
  readonly seed: number;
}

function addBlock(edit: GraphEdit, { from, block, channels: [input, output], seed }: Block): string {
  const dims = [output, input, 3, 3];
  const weight = noise(dims, seed + block + 1, Math.sqrt(2 / (9 * input)));
  const isLoud = LOUD_BLOCKS.includes(block);
  const values = isLoud ? quiet(weight, (i) => i % (9 * input) < 9) : weight;
  const conv = edit.add({
    op: 'Conv',
    name: `conv${block}`,
    inputs: [isLoud ? addLoud(edit, from, input) : from, edit.constant(`conv${block}.weight`, floats(values, dims))],
    attributes: { pads: [1, 1, 1, 1] },
  });
  return edit.add({ op: 'Relu', inputs: [conv] });
}

/** Lifts the first channel of `from` [N,C,H,W] far above the others. */
function addLoud(edit: GraphEdit, from: string, channels: number): string {
  const lift = Array.from({ length: channels }, (_, channel) => (channel === 0 ? LOUD : 0));
  return edit.add({ op: 'Add', inputs: [from, edit.constant(`${from}.loud`, floats(lift, [channels, 1, 1]))] });
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
