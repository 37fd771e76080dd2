/**
 * Trains the network of shapes and writes it as ONNX:
 *
 *     npx tsx examples/shapes/train.ts --out examples/shapes/shapes.onnx
 *
 * ONNX Runtime runs the forward and backward passes of one graph; the optimiser is in TypeScript. Takes minutes.
 */
import { parseArgs } from 'node:util';
import { encodeModel, saveModel } from '../../src/graph/to-onnx.js';
import { ortRuntime } from '../../src/runtime/ort.js';
import { accuracyOn, drawBatch } from './batches.js';
import { inferenceModel, type Weights } from './inference-graph.js';
import { INPUT, SHAPES_NETWORK } from './network.js';
import { type StepReport, train } from './trainer.js';
import { trainingGraph } from './training-graph.js';

/** Seeds of the drawings; the demo's data sets use others. */
const TRAINING = 1;
const TEST = 2;
const TEST_DRAWINGS = 5000;

/** Clutter grows from nothing to full over this share of the steps: without that, learning takes long to begin. */
const QUIET_SHARE = 0.35;

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'shapes.onnx' },
    steps: { type: 'string', default: '6000' },
    batch: { type: 'string', default: '16' },
    threads: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
  },
});

const started = performance.now();
const weights = await trained(Number(values.steps), Number(values.batch), Number(values.threads), Number(values.seed));
console.log(`trained in ${((performance.now() - started) / 60_000).toFixed(1)} minutes`);
const model = inferenceModel(SHAPES_NETWORK, INPUT, weights);
await saveModel(model, values.out);
const session = await ortRuntime.open(encodeModel(model), { threads: Number(values.threads) });
const accuracy = await accuracyOn(session, TEST, TEST_DRAWINGS);
console.log(`${values.out}: ${(100 * accuracy).toFixed(2)} % of ${TEST_DRAWINGS} fresh drawings right`);
await session.close();

async function trained(steps: number, batch: number, threads: number, seed: number): Promise<Weights> {
  const graph = trainingGraph(SHAPES_NETWORK, INPUT, batch);
  const session = await ortRuntime.open(encodeModel(graph.model), { threads });
  const nextBatch = (step: number) =>
    drawBatch(TRAINING, step * batch, batch, Math.min(1, step / (QUIET_SHARE * steps)));
  const options = { steps, peakRate: 3e-3, decay: 0.02, smoothing: 0.05, seed };
  const result = await train(graph, session, nextBatch, options, everyHundred());
  await session.close();
  return result;
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
