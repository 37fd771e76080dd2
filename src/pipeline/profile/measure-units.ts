import { createEmitter } from '../../emit/emitter.js';
import type { Model } from '../../graph/model.js';
import { inferTypes } from '../../graph/types.js';
import { random } from '../../kernel/random.js';
import { sizeOf } from '../../kernel/shape.js';
import { sum } from '../../kernel/statistics.js';
import { fromNumbers } from '../../kernel/tensor.js';
import type { Sizes } from '../../latency/sizes.js';
import { shapeKey, type UnitShape } from '../../latency/unit-shape.js';
import { unitShapes } from '../../latency/unit-shapes.js';
import type { Format } from '../../quantize/formats.js';
import { planFor } from '../../quantize/make-plan.js';
import { network } from '../../quantize/network.js';
import type { Unit } from '../../quantize/unit.js';
import type { Feeds } from '../../runtime/feeds.js';
import { type NodeTime, PROFILE_JOB } from '../../runtime/profile.js';
import { resultKind } from '../../store/result-kind.js';
import type { Variant } from '../trials/workbench.js';
import { type IsolatedUnit, isolate } from './isolate.js';
import { keyOf, type LatencyQuestion, sizesInRuns } from './latency-question.js';
import { madeUpRanges } from './made-up-ranges.js';

/** Milliseconds of one run of a unit alone, by what its nodes are. */
export interface IsolatedTime {
  /** The unit and what is fused into it. */
  readonly kernel: number;
  readonly quantize: number;
  readonly dequantize: number;
  /** Changes of layout. */
  readonly reorder: number;
}

/** A unit's shape, in every format of its ladder. */
export interface MeasuredShape {
  readonly shape: UnitShape;
  readonly units: readonly string[];
  /** Float elements that are read and made at its ends. */
  readonly inputElements: number;
  readonly outputElements: number;
  readonly times: Readonly<Partial<Record<Format, IsolatedTime>>>;
}

export interface MeasuredUnits {
  readonly shapes: readonly MeasuredShape[];
  /** Units of which some size depends on data. */
  readonly open: readonly string[];
  readonly recalled: number;
}

const ISOLATED = resultKind<MeasuredShape['times']>('isolated-unit');
const RUNS = 30;

/** Each distinct shape of the model's units, alone and in turns with its float form. Equal shapes of any model share rows. */
export async function measureUnits(question: LatencyQuestion): Promise<MeasuredUnits> {
  const { source, bench, ladders, observer } = question;
  const sizes = sizesInRuns(question);
  const surroundings = { model: source.model, net: bench.net, types: inferTypes(source.model) };
  const alike = shapesOf(withDims(source.model, sizes), bench.net.units);
  const shapes: MeasuredShape[] = [];
  const skipped: string[] = [];
  let recalled = 0;
  for (const [done, { shape, units }] of alike.shapes.entries()) {
    question.signal?.throwIfAborted();
    const [unit] = units;
    const isolated = isolate(surroundings, unit);
    const names = units.map(({ name }) => name);
    if (!isolated) skipped.push(...names);
    else {
      const formats = [...new Set<Format>(['float', ...units.flatMap(({ group }) => ladders[group] ?? [])])];
      const found = await timesOf(question, { shape, unit, isolated, formats, sizes });
      const inputElements = sizeOfAll(unit.inputs, sizes);
      shapes.push({ shape, units: names, inputElements, outputElements: sizeOf(shape.output), times: found.times });
      if (found.recalled) recalled++;
    }
    observer.progress({ stage: 'units', done: done + 1, total: alike.shapes.length, recalled });
  }
  return { shapes, open: [...alike.open, ...skipped], recalled };
}

/** Milliseconds of each unit's kernel alone, by unit and format. */
export function isolatedTimes({ shapes }: MeasuredUnits): Readonly<Record<string, Readonly<Record<string, number>>>> {
  return Object.fromEntries(
    shapes.flatMap(({ units, times }) => {
      const kernels = Object.fromEntries(Object.entries(times).map(([format, time]) => [format, time.kernel]));
      return units.map((name) => [name, kernels] as const);
    }),
  );
}

/** The model with the dimensions of the runs, so that every shape can be told. */
function withDims(model: Model, sizes: Sizes): Model {
  const inputs = model.graph.inputs.map((input) => {
    const shape = sizes(input.name);
    return shape && input.type?.kind === 'tensor' ? { ...input, type: { ...input.type, shape } } : input;
  });
  return { ...model, graph: { ...model.graph, inputs } };
}

interface Alike {
  readonly shape: UnitShape;
  readonly units: readonly Unit[];
}

function shapesOf(model: Model, units: readonly Unit[]) {
  const { shapes, open } = unitShapes(model);
  const alike = new Map<string, Alike>();
  for (const unit of units) {
    const shape = shapes.get(unit.name);
    if (!shape) continue;
    const key = shapeKey(shape);
    alike.set(key, { shape, units: [...(alike.get(key)?.units ?? []), unit] });
  }
  return { shapes: [...alike.values()], open };
}

interface UnitQuestion {
  readonly shape: UnitShape;
  readonly unit: Unit;
  readonly isolated: IsolatedUnit;
  readonly formats: readonly Format[];
  readonly sizes: Sizes;
}

async function timesOf(question: LatencyQuestion, asked: UnitQuestion) {
  const { model: _, feeds: __, ...circumstances } = keyOf(question);
  const { blockSize } = question.bench.weights;
  const { shape, isolated, formats } = asked;
  const key = {
    ...circumstances,
    shape: shapeKey(shape),
    followers: isolated.followers,
    formats,
    blockSize,
    runs: RUNS,
  };
  const known = await question.results.find(ISOLATED, key);
  if (known) return { times: known, recalled: true };
  const times = await measure(question, asked);
  await question.results.keep(ISOLATED, key, times);
  return { times, recalled: false };
}

async function measure(question: LatencyQuestion, asked: UnitQuestion): Promise<MeasuredShape['times']> {
  const { executor, threads, signal } = question;
  const variants = await emitted(question, asked);
  try {
    const models: { path: string }[] = [];
    for (const { file } of variants) models.push({ path: await file() });
    const feeds = { kind: 'samples', samples: [randomInputs(asked, question.seed)], batch: 1 } as const;
    const input = { models, feeds, threads, runs: RUNS };
    const options = { what: `unit ${asked.unit.name} alone`, ...(signal && { signal }) };
    const times = await executor.run(PROFILE_JOB, input, options);
    return Object.fromEntries(asked.formats.map((format, i) => [format, dividedTime(times[i])]));
  } finally {
    await Promise.all(variants.map(({ discard }) => discard()));
  }
}

function randomInputs({ unit, sizes }: UnitQuestion, seed: number): Feeds {
  const numbers = random(seed);
  const filled = (dims: readonly number[]) =>
    fromNumbers(
      'float32',
      dims,
      Float64Array.from({ length: sizeOf(dims) }, () => numbers.normal()),
    );
  return Object.fromEntries(unit.inputs.map((name) => [name, filled(sizes(name) ?? [])]));
}

/** The unit in each format, by the ordinary way of emission. */
async function emitted(
  { bench, target, source }: LatencyQuestion,
  { unit, isolated: { model }, formats }: UnitQuestion,
): Promise<readonly Variant[]> {
  const net = network(model, target);
  const emitter = createEmitter(model);
  const activations = madeUpRanges(model.graph);
  const variants: Variant[] = [];
  for (const format of formats) {
    const units = { [unit.name]: format };
    const plan = planFor(net, { modelHash: source.hash, units, activations, weights: bench.weights });
    variants.push(await bench.variant(emitter.emit(plan)));
  }
  return variants;
}

const PARTS: Readonly<Record<string, keyof IsolatedTime>> = {
  QuantizeLinear: 'quantize',
  DequantizeLinear: 'dequantize',
  ReorderInput: 'reorder',
  ReorderOutput: 'reorder',
  Transpose: 'reorder',
};

function dividedTime(nodes: readonly NodeTime[]): IsolatedTime {
  const times = { kernel: 0, quantize: 0, dequantize: 0, reorder: 0 };
  for (const { op, medianMs } of nodes) times[PARTS[op] ?? 'kernel'] += medianMs;
  return times;
}

function sizeOfAll(values: readonly string[], sizes: Sizes): number {
  return sum(values.map((value) => sizeOf(sizes(value) ?? [])));
}
