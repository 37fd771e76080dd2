/** Small models with seeded weights, planned from the ranges of one float run: what tests of emission start from. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkKernels, type KernelCheck } from '../src/emit/check-kernels.js';
import { emit } from '../src/emit/emitter.js';
import { buildModel, value } from '../src/graph/build.js';
import { editGraph, type GraphEdit } from '../src/graph/edit.js';
import { loadModel } from '../src/graph/from-onnx.js';
import type { Graph, Model, Value } from '../src/graph/model.js';
import { encodeModel, saveModel } from '../src/graph/to-onnx.js';
import { random } from '../src/kernel/random.js';
import { sizeOf } from '../src/kernel/shape.js';
import { type DenseTensor, floats, toFloat32 } from '../src/kernel/tensor.js';
import { loadTarget } from '../src/latency/load-target.js';
import type { Bits, Format } from '../src/quantize/formats.js';
import { affineParameters } from '../src/quantize/grid.js';
import { type Activations, makePlan, uniformFormats, valuesToObserve } from '../src/quantize/make-plan.js';
import type { EmissionOptions, Plan, Range, WeightOptions } from '../src/quantize/plan.js';
import { findUnits } from '../src/quantize/units.js';
import { optimizeModel } from '../src/runtime/optimized.js';
import { ortRuntime } from '../src/runtime/ort.js';
import type { TensorMap } from '../src/runtime/session.js';

export const ortCpu = loadTarget('ort-cpu');
export const PLAIN_WEIGHTS: WeightOptions = { method: 'min-max', reduceRange: false, blockSize: 32 };

const optimize = (model: string, path: string) => optimizeModel(ortRuntime, { model, path, threads: 1 });

const WIDTHS: readonly Bits[] = [4, 8, 16];

/** Normal numbers, the same for the same seed. */
export function noise(dims: readonly number[], seed: number, scale = 1): DenseTensor {
  const source = random(seed);
  return floats(
    Array.from({ length: sizeOf(dims) }, () => source.normal() * scale),
    dims,
  );
}

/** A model from float input `x` of these dimensions to the value that `body` returns. */
export function smallModel(dims: readonly number[], body: (edit: GraphEdit) => string, opset = 21): Model {
  const output: { value: Value } = { value: value('y', 'float32') };
  const model = buildModel({ inputs: [value('x', 'float32', dims)], outputs: [], opset }, (edit) => {
    output.value = value(body(edit), 'float32');
    edit.setOutputs([output.value]);
  });
  return model;
}

export interface ConvSpec {
  readonly from: string;
  readonly channels: readonly [input: number, output: number];
  readonly kernel?: number;
  readonly seed?: number;
  readonly groups?: number;
  readonly bias?: boolean;
  readonly name?: string;
}

export function addConv(edit: GraphEdit, spec: ConvSpec): string {
  const { from, channels, kernel = 3, seed = 1, groups = 1, bias = true, name = 'conv' } = spec;
  const [input, output] = channels;
  const weight = noise([output, input / groups, kernel, kernel], seed, 1 / Math.sqrt((input / groups) * kernel ** 2));
  const pad = (kernel - 1) / 2;
  return edit.add({
    op: 'Conv',
    name,
    inputs: [
      from,
      edit.constant(`${name}.weight`, weight),
      ...(bias ? [edit.constant(`${name}.bias`, noise([output], seed + 1, 0.3))] : []),
    ],
    attributes: { pads: [pad, pad, pad, pad], group: groups },
  });
}

/** Ranges of values over float runs, as parameters at every width. */
export async function observe(
  model: Model,
  feeds: TensorMap | readonly TensorMap[],
  values: readonly string[],
): Promise<Activations> {
  const session = await ortRuntime.open(encodeModel(exposing(model, values)), { threads: 1 });
  const ranges = new Map(values.map((name) => [name, { min: 0, max: 0 }]));
  for (const feed of [feeds].flat()) {
    const results = await session.run(feed);
    for (const [name, range] of ranges) widen(range, toFloat32(feed[name] ?? results[name]));
  }
  await session.close();
  const parameters = (range: Range) => WIDTHS.map((bits) => [bits, affineParameters(range, bits)]);
  return Object.fromEntries([...ranges].map(([name, range]) => [name, Object.fromEntries(parameters(range))]));
}

function widen(range: { min: number; max: number }, data: Float32Array): void {
  for (const value of data) {
    range.min = Math.min(range.min, value);
    range.max = Math.max(range.max, value);
  }
}

function exposing(model: Model, values: readonly string[]): Model {
  const known = new Set([...model.graph.inputs, ...model.graph.outputs].map((each) => each.name));
  const added = values.filter((name) => !known.has(name)).map((name) => value(name, 'float32'));
  return { ...model, graph: editGraph(model.graph, (edit) => edit.setOutputs([...model.graph.outputs, ...added])) };
}

export interface PlanOptions {
  readonly weights?: Partial<WeightOptions>;
  readonly emission?: EmissionOptions;
}

/** Every unit in its format: one for all, or by unit name (float where left out). */
export async function planOf(
  model: Model,
  feeds: TensorMap | readonly TensorMap[],
  formats: Format | Readonly<Record<string, Format>>,
  options: PlanOptions = {},
): Promise<Plan> {
  const units = findUnits(model);
  const uniform = uniformFormats(units, typeof formats === 'string' ? formats : 'float', ortCpu).formats;
  return makePlan({
    model,
    modelHash: '0'.repeat(64),
    target: ortCpu,
    units: typeof formats === 'string' ? uniform : { ...uniform, ...formats },
    activations: await observe(model, feeds, valuesToObserve(model, ortCpu)),
    weights: { ...PLAIN_WEIGHTS, ...options.weights },
    ...(options.emission && { emission: options.emission }),
  });
}

export async function runModel(model: Model, feeds: TensorMap): Promise<TensorMap> {
  const session = await ortRuntime.open(encodeModel(model), { threads: 1 });
  try {
    return await session.run(feeds);
  } finally {
    await session.close();
  }
}

export interface Trial {
  readonly emitted: Model;
  readonly executed: Graph;
  readonly check: KernelCheck;
  readonly outputs: TensorMap;
}

/** Emits a plan, runs it, and looks at the graph that ran. */
export function tryPlan(model: Model, plan: Plan, feeds: TensorMap): Promise<Trial> {
  return tryEmitted(model, plan, emit(model, plan), feeds);
}

/** As `tryPlan`, for an emitted model that a test may have tampered with. */
export async function tryEmitted(model: Model, plan: Plan, emitted: Model, feeds: TensorMap): Promise<Trial> {
  const folder = await mkdtemp(join(tmpdir(), 'bitloom-emit-'));
  try {
    const path = join(folder, 'model.onnx');
    await saveModel(emitted, path);
    const check = await checkKernels({ plan, units: findUnits(model), emitted, path, optimize });
    const optimizedModelPath = join(folder, 'optimized.onnx');
    const session = await ortRuntime.open(path, { threads: 1, optimizedModelPath });
    const outputs = await session.run(feeds);
    await session.close();
    return { emitted, executed: (await loadModel(optimizedModelPath)).graph, check, outputs };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** How many nodes of each operator a graph has. */
export function operators(graph: Graph): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const node of graph.nodes) counts[node.op] = (counts[node.op] ?? 0) + 1;
  return counts;
}
