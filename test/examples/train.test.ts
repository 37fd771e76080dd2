import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawBatch } from '../../examples/shapes/batches.js';
import { inferenceModel } from '../../examples/shapes/inference-graph.js';
import type { Feature } from '../../examples/shapes/layers.js';
import { INPUT, type NetworkSpec, SHAPES_NETWORK } from '../../examples/shapes/network.js';
import { type Batch, freshWeights, train, trainingFeeds } from '../../examples/shapes/trainer.js';
import { trainingGraph } from '../../examples/shapes/training-graph.js';
import { value } from '../../src/graph/build.js';
import type { Model } from '../../src/graph/model.js';
import { encodeModel } from '../../src/graph/to-onnx.js';
import { type Random, random } from '../../src/kernel/random.js';
import { sizeOf } from '../../src/kernel/shape.js';
import { mean } from '../../src/kernel/statistics.js';
import { type DenseTensor, type Tensor, tensor, toFloat32 } from '../../src/kernel/tensor.js';
import { ortRuntime } from '../../src/runtime/ort.js';
import type { Session } from '../../src/runtime/session.js';

describe('gradients of a tiny network', () => {
  /** Every kind of layer: strided and plain, shortcut by projection and by identity, odd and even sizes. */
  const spec: NetworkSpec = {
    stem: 3,
    blocks: [
      { kind: 'residual', channels: 3, stride: 1 },
      { kind: 'residual', channels: 4, stride: 2 },
      { kind: 'inverted', channels: 4, stride: 1, expansion: 2 },
      { kind: 'inverted', channels: 3, stride: 2, expansion: 2 },
    ],
    head: 5,
    classes: 3,
  };
  const image: Feature = { name: 'images', channels: 2, height: 10, width: 10 };
  const graph = trainingGraph(spec, image, 4);
  const source = random(3);
  const weights = freshWeights(graph, 5);
  for (const [name, values] of weights) if (!name.endsWith('.weight')) jitter(values, source);
  const dims = [graph.batch, image.channels, image.height, image.width];
  const images = tensor('float32', dims, Float32Array.from({ length: sizeOf(dims) }, source.normal));
  const batch: Batch = { images, labels: [0, 1, 2, 0] };
  const bent = bentValues(graph.model);
  let session: Session;
  let gradients: Readonly<Record<string, Tensor>>;

  beforeAll(async () => {
    session = await ortRuntime.open(encodeModel(withOutputs(graph.model, bent)), { threads: 1 });
    gradients = await session.run(trainingFeeds(graph, weights, batch, 0.1));
  });
  afterAll(() => session.close());

  /** The loss after a step, and on which side of its kinks each element of the network is there. */
  async function reached(name: string, direction: Float32Array, length: number): Promise<Reached> {
    const moved = toFloat32(known(weights, name)).map((value, i) => value + length * direction[i]);
    const feeds = trainingFeeds(graph, new Map([...weights, [name, floatLike(weights, name, moved)]]), batch, 0.1);
    const { [graph.loss]: loss, ...outputs } = await session.run(feeds, [graph.loss, ...bent]);
    return { loss: toFloat32(loss)[0], sides: bent.map((output) => sidesOf(outputs[output])).join(' ') };
  }

  /** The first direction along which the loss is smooth from a step back to a step ahead: no element passes a kink. */
  async function smoothStep(name: string): Promise<{ readonly direction: Float32Array; readonly change: number }> {
    for (let seed = 0; seed < 100; seed++) {
      const direction = unitVector(sizeOf(known(weights, name).dims), random(seed));
      const back = await reached(name, direction, -STEP);
      const ahead = await reached(name, direction, STEP);
      if (back.sides === ahead.sides) return { direction, change: ahead.loss - back.loss };
    }
    throw new RangeError(`every direction along ${name} passes a kink`);
  }

  it('has a gradient for every parameter', () => {
    expect([...graph.gradients.keys()].sort()).toEqual(graph.parameters.map(({ name }) => name).sort());
  });

  /** Float32 in and out: the loss is known to 1e-7, so a difference over 2 * 1e-3 is known to about 1e-4. */
  it.each(graph.parameters.map(({ name }) => name))('agrees with finite differences along %s', async (name) => {
    const { direction, change } = await smoothStep(name);
    const stated = dot(toFloat32(gradients[graph.gradients.get(name) ?? '']), direction);
    expect(Math.abs(change / (2 * STEP) - stated)).toBeLessThan(3e-4);
  });

  it('normalizes by running statistics as by those of the batch, when they are the same', async () => {
    const statistics = graph.statistics.flatMap(({ name, mean: average, variance }) => [
      [`${name}.mean`, toFloat32(gradients[average])] as const,
      [`${name}.variance`, toFloat32(gradients[variance])] as const,
    ]);
    const frozen = new Map(weights);
    for (const [name, values] of statistics) frozen.set(name, tensor('float32', [values.length], values));
    const shipped = await ortRuntime.open(encodeModel(inferenceModel(spec, image, frozen)), { threads: 1 });
    const { logits } = await shipped.run({ images });
    await shipped.close();
    const difference = toFloat32(logits).map((value, i) => Math.abs(value - toFloat32(gradients[graph.logits])[i]));
    expect(Math.max(...difference)).toBeLessThan(1e-4);
  });
});

describe('training', () => {
  it('lowers the loss of the shapes network within 20 steps', async () => {
    const graph = trainingGraph(SHAPES_NETWORK, INPUT, 8);
    const session = await ortRuntime.open(encodeModel(graph.model), { threads: 1 });
    const options = { steps: 20, peakRate: 3e-3, decay: 0.01, smoothing: 0 };
    const losses: number[] = [];
    const fewDrawings = (step: number) => drawBatch(1, 8 * (step % 2), 8, 0);
    await train(graph, session, fewDrawings, options, freshWeights(graph, 1), ({ loss }) => losses.push(loss));
    await session.close();
    expect(mean(losses.slice(-4))).toBeLessThan(0.5 * mean(losses.slice(0, 4)));
  });
});

/** Length of the steps of finite differences. */
const STEP = 1e-3;

interface Reached {
  readonly loss: number;
  readonly sides: string;
}

/** What Relu and Clip give: where an element lies on them says on which side of a kink it is. */
function bentValues({ graph }: Model): readonly string[] {
  return graph.nodes.filter(({ op }) => op === 'Relu' || op === 'Clip').map(({ outputs }) => outputs[0]);
}

function withOutputs(model: Model, names: readonly string[]): Model {
  const outputs = [...model.graph.outputs, ...names.map((name) => value(name, 'float32'))];
  return { ...model, graph: { ...model.graph, outputs } };
}

/** One letter an element: below, between or above the kinks at 0 and 6 (where Relu has none it only asks for more). */
function sidesOf(output: Tensor): string {
  return Array.from(toFloat32(output), (x) => (x <= 0 ? 'b' : x < 6 ? 'i' : 'a')).join('');
}

function known(weights: ReadonlyMap<string, DenseTensor>, name: string): DenseTensor {
  const found = weights.get(name);
  if (!found) throw new RangeError(name);
  return found;
}

function floatLike(weights: ReadonlyMap<string, DenseTensor>, name: string, values: Float32Array): DenseTensor {
  return tensor('float32', known(weights, name).dims, values);
}

/** Scales of 1 and shifts of 0 would hide errors. */
function jitter(values: DenseTensor, source: Random): void {
  const array = toFloat32(values);
  for (let i = 0; i < array.length; i++) array[i] += 0.3 * source.normal();
}

function unitVector(length: number, source: Random): Float32Array {
  const values = Float32Array.from({ length }, source.normal);
  const norm = Math.sqrt(dot(values, values));
  return values.map((value) => value / norm);
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((total, value, i) => total + value * b[i], 0);
}
