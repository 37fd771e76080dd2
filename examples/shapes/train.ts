/**
 * Trains the network of shapes and writes it as ONNX:
 *
 *     npx tsx examples/shapes/train.ts --out examples/shapes/shapes.onnx
 *
 * ONNX Runtime runs the forward and backward passes of one graph; the optimiser is in TypeScript. Takes minutes.
 */
import { parseArgs } from 'node:util';
import { loadModel } from '../../src/graph/from-onnx.js';
import { encodeModel, saveModel } from '../../src/graph/to-onnx.js';
import { type DenseTensor, type Tensor, tensor, toFloat32 } from '../../src/kernel/tensor.js';
import { ortRuntime } from '../../src/runtime/ort.js';
import { accuracyOn, drawBatch } from './batches.js';
import { inferenceModel, type Weights } from './inference-graph.js';
import { INPUT, SHAPES_NETWORK } from './network.js';
import { freshWeights, type StepReport, train } from './trainer.js';
import { trainingGraph } from './training-graph.js';

/** Seed of the drawings on which the result is tested; training and the demo use others. */
const TEST = 2;
const TEST_DRAWINGS = 5000;

/** Clutter grows from nothing to full over this share of the steps: without that, learning takes long to begin. */
const QUIET_SHARE = 0.35;

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'shapes.onnx' },
    /** A trained model to go on from, at full clutter from the first step. */
    from: { type: 'string' },
    steps: { type: 'string', default: '4500' },
    batch: { type: 'string', default: '16' },
    threads: { type: 'string', default: '1' },
    /** Of the drawings and of the starting weights. */
    seed: { type: 'string', default: '1' },
    rate: { type: 'string', default: '0.003' },
  },
});

const threads = Number(values.threads);
const started = performance.now();
const weights = await trained(values.from === undefined ? undefined : await weightsOf(values.from));
console.log(`trained in ${((performance.now() - started) / 60_000).toFixed(1)} minutes`);
const model = inferenceModel(SHAPES_NETWORK, INPUT, weights);
await saveModel(model, values.out);
const session = await ortRuntime.open(encodeModel(model), { threads });
const accuracy = await accuracyOn(session, TEST, TEST_DRAWINGS);
console.log(`${values.out}: ${(100 * accuracy).toFixed(2)} % of ${TEST_DRAWINGS} fresh drawings right`);
await session.close();

async function trained(from: Weights | undefined): Promise<Weights> {
  const [steps, batch, seed] = [Number(values.steps), Number(values.batch), Number(values.seed)];
  const graph = trainingGraph(SHAPES_NETWORK, INPUT, batch);
  const session = await ortRuntime.open(encodeModel(graph.model), { threads });
  const quietSteps = from ? 0 : QUIET_SHARE * steps;
  const nextBatch = (step: number) => drawBatch(seed, step * batch, batch, clutterAt(step, quietSteps));
  const options = { steps, peakRate: Number(values.rate), decay: 0.01, smoothing: 0 };
  const result = await train(graph, session, nextBatch, options, from ?? freshWeights(graph, seed), everyHundred());
  await session.close();
  return result;
}

/** The tensors of a model that this script wrote: it names its initializers as the parameters. */
async function weightsOf(path: string): Promise<Weights> {
  const { graph } = await loadModel(path);
  return new Map([...graph.initializers].map(([name, value]) => [name, writable(value)]));
}

/** A copy: what was read from a file is not written to. */
function writable(value: Tensor): DenseTensor {
  return tensor('float32', value.dims, toFloat32(value).slice());
}

function clutterAt(step: number, quietSteps: number): number {
  return step < quietSteps ? step / quietSteps : 1;
}

/** Prints the mean loss and accuracy of each hundred steps. */
function everyHundred(): (report: StepReport) => void {
  let loss = 0;
  let accuracy = 0;
  return (report) => {
    loss += report.loss / 100;
    accuracy += report.accuracy;
    if (report.step % 100 !== 99) return;
    console.log(`step ${report.step + 1}: loss ${loss.toFixed(3)}, ${accuracy.toFixed(1)} % right`);
    loss = 0;
    accuracy = 0;
  };
}
