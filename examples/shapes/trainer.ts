import { random } from '../../src/kernel/random.js';
import { sizeOf } from '../../src/kernel/shape.js';
import { type DenseTensor, type Tensor, tensor, toFloat32 } from '../../src/kernel/tensor.js';
import type { Session, TensorMap } from '../../src/runtime/session.js';
import { meanName, varianceName, type Weights } from './inference-graph.js';
import type { Parameter } from './layers.js';
import { adam, cosineRate } from './optimiser.js';
import type { Statistics, TrainingGraph } from './training-graph.js';

/** Images [N, C, H, W] and their classes. */
export interface Batch {
  readonly images: DenseTensor;
  readonly labels: readonly number[];
}

export interface TrainingOptions {
  readonly steps: number;
  readonly peakRate: number;
  readonly decay: number;
  /** Share of each target that is spread over all classes. */
  readonly smoothing: number;
}

export interface StepReport {
  readonly step: number;
  readonly loss: number;
  /** Share of the batch that was right before the step. */
  readonly accuracy: number;
}

/** Share that the running statistics keep at each step. */
const KEEP = 0.97;

/** Trains `weights`, which it writes to, on a fresh batch at each step; `session` runs the training graph. */
export async function train(
  graph: TrainingGraph,
  session: Session,
  nextBatch: (step: number) => Batch,
  options: TrainingOptions,
  weights: Weights,
  report: (step: StepReport) => void,
): Promise<Weights> {
  const optimiser = adam({ decay: options.decay, decays: (name) => name.endsWith('.weight') });
  for (let step = 0; step < options.steps; step++) {
    const batch = nextBatch(step);
    const results = await session.run(trainingFeeds(graph, weights, batch, options.smoothing));
    const rate = cosineRate(step, options.steps, options.peakRate);
    for (const [name, gradient] of graph.gradients) {
      optimiser.step(name, toFloat32(known(weights, name)), toFloat32(results[gradient]), rate);
    }
    for (const statistics of graph.statistics) average(weights, statistics, results, step);
    report({ step, loss: toFloat32(results[graph.loss])[0], accuracy: share(results[graph.logits], batch.labels) });
  }
  return weights;
}

/** Starting values of all parameters, mean 0 and variance 1 for the statistics. The arrays are written to. */
export function freshWeights(graph: TrainingGraph, seed: number): Map<string, DenseTensor> {
  const source = random(seed);
  const filled = (dims: readonly number[], value: () => number) =>
    tensor('float32', dims, Float32Array.from({ length: sizeOf(dims) }, value));
  const weights = new Map(graph.parameters.map((p) => [p.name, filled(p.dims, starter(p, source.normal))]));
  for (const { name, channels } of graph.statistics) {
    weights.set(
      meanName(name),
      filled([channels], () => 0),
    );
    weights.set(
      varianceName(name),
      filled([channels], () => 1),
    );
  }
  return weights;
}

function starter({ start }: Parameter, normal: () => number): () => number {
  if ('value' in start) return () => start.value;
  const deviation = Math.sqrt(2 / start.fanIn);
  return () => deviation * normal();
}

/** What one run of the training graph is given. */
export function trainingFeeds(graph: TrainingGraph, weights: Weights, batch: Batch, smoothing: number): TensorMap {
  const { classes } = graph;
  const targets = new Float32Array(graph.batch * classes).fill(smoothing / classes);
  for (const [row, label] of batch.labels.entries()) targets[row * classes + label] += 1 - smoothing;
  const parameters = graph.parameters.map(({ name }) => [name, known(weights, name)] as const);
  return {
    [graph.image.name]: batch.images,
    targets: tensor('float32', [graph.batch, classes], targets),
    ...Object.fromEntries(parameters),
  };
}

/** Running averages; in the first steps of all values so far, so that the starting values leave no trace. */
function average(weights: Weights, { name, mean, variance }: Statistics, results: TensorMap, step: number): void {
  const keep = Math.min(KEEP, step / (step + 1));
  blend(toFloat32(known(weights, meanName(name))), toFloat32(results[mean]), keep);
  blend(toFloat32(known(weights, varianceName(name))), toFloat32(results[variance]), keep);
}

function blend(into: Float32Array, values: Float32Array, keep: number): void {
  for (let i = 0; i < into.length; i++) into[i] = keep * into[i] + (1 - keep) * values[i];
}

/** Share of rows of `logits` [N, classes] whose largest element is at the label. */
export function share(logits: Tensor, labels: readonly number[]): number {
  const values = toFloat32(logits);
  const classes = values.length / labels.length;
  const right = labels.filter((label, row) => {
    const scores = values.subarray(row * classes, (row + 1) * classes);
    return scores.every((score) => score <= scores[label]);
  });
  return right.length / labels.length;
}

function known(weights: Weights, name: string): DenseTensor {
  const found = weights.get(name);
  if (!found) throw new RangeError(`there is no ${name}`);
  return found;
}
