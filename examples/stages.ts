/**
 * What `quantize` does, stage by stage, without its search: the shipped network of shapes in 8 bits.
 *
 *     npx tsx examples/stages.ts out/stages.onnx
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  calibrate,
  checkKernels,
  createEvaluator,
  createMetric,
  emit,
  findUnits,
  loadTarget,
  localExecutor,
  makePlan,
  type OpenedModel,
  observe,
  openDataset,
  openModel,
  optimizeModel,
  ortRuntime,
  type Plan,
  type PreparedSet,
  prepare,
  saveModel,
  uniformFormats,
  valuesToObserve,
} from '../src/index.js';
import { SEEDS, samplesOf } from './shapes/dataset.js';
import { MODEL } from './shapes/demonstration.js';

const target = loadTarget('ort-cpu');
const executor = localExecutor();
const folder = await mkdtemp(join(tmpdir(), 'bitloom-stages-'));

/** Drawings written once, so that workers read them without drawing again. */
async function drawings({ model }: OpenedModel, seed: number, length: number): Promise<PreparedSet> {
  const { inputs, outputs } = model.graph;
  const dataset = await openDataset(samplesOf({ seed, length }), { inputs, outputs });
  return prepare(dataset, [...Array(length).keys()], join(folder, `${seed}.samples`));
}

/** Observes the activations, chooses their scales, and gives every unit 8 bits. */
async function planInt8({ model, hash }: OpenedModel, data: PreparedSet): Promise<Plan> {
  const values = valuesToObserve(model, target);
  const statistics = await observe({ model, values, data, detail: 'histogram', executor });
  const activations = Object.fromEntries(calibrate({ statistics, method: 'mse', bits: 8 }));
  const { formats } = uniformFormats(findUnits(model), 'w8a8', target);
  const weights = { method: 'min-max', reduceRange: false, blockSize: 32 } as const;
  return makePlan({ model, modelHash: hash, target, units: formats, activations, weights });
}

/** Saves what the plan says, and reads back which kernels ONNX Runtime executes for it. */
async function build({ model }: OpenedModel, plan: Plan, path: string): Promise<readonly string[]> {
  const emitted = emit(model, plan);
  await saveModel(emitted, path);
  const optimize = (from: string, to: string) => optimizeModel(ortRuntime, { model: from, path: to, threads: 1 });
  const { units } = await checkKernels({ plan, units: findUnits(model), emitted, path, optimize });
  return units.map(({ name, kernel }) => `${name}: ${kernel}`);
}

/** Top-1 of the float model and of another on the same drawings. */
async function compareAccuracy(set: PreparedSet, path: string): Promise<readonly [float: number, quantized: number]> {
  const spec = { name: 'top1' };
  const [evaluator, metric] = [await createEvaluator({ executor, set, metric: spec }), await createMetric(spec)];
  const { outcomes } = await evaluator.baseline(MODEL);
  const quantized = await evaluator.evaluate(path);
  await evaluator.close();
  return [metric.value(outcomes.rows), metric.value(quantized.rows)];
}

const out = process.argv[2] ?? 'out/stages.onnx';
await mkdir(dirname(out), { recursive: true });
const source = await openModel(MODEL);
const plan = await planInt8(source, await drawings(source, SEEDS.calibration, 128));
const kernels = await build(source, plan, out);
const [float, quantized] = await compareAccuracy(await drawings(source, SEEDS.holdout, 400), out);
console.log([...kernels, `float ${float}, quantized ${quantized}`].join('\n'));
await executor.close();
await rm(folder, { recursive: true, force: true });
