/**
 * A replay of all variants of a model beside whole runs of the same variants: seconds, and how far the outputs are
 * apart.
 *
 *     npx tsx bench/replay.ts [--model NAME] [--samples N] [--naive N] [--rounds N] [--formats A,B] [--pairs N]
 *
 * One worker, one thread. In each round whole runs of every so manieth variant (another part each round) stand before
 * and after the replay of all variants. `--pairs` takes pairs of so many units, evenly spaced, instead of single ones
 * (0: of all). Whole runs are of the plan that the replay perturbs by; `emitted` is the model that a search would emit.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { calibrate } from '../src/calibrate/methods.js';
import { observe } from '../src/calibrate/observe.js';
import type { PreparedSet } from '../src/data/dataset.js';
import { openDataset } from '../src/data/open.js';
import { prepare } from '../src/data/prepared.js';
import { createEmitter, type Emitter } from '../src/emit/emitter.js';
import type { Outputs } from '../src/evaluate/batches.js';
import { saveModel } from '../src/graph/to-onnx.js';
import { silent } from '../src/kernel/observer.js';
import { mean, median } from '../src/kernel/statistics.js';
import { toFloat32 } from '../src/kernel/tensor.js';
import { loadTarget } from '../src/latency/load-target.js';
import { openWeightStore, type WeightStore } from '../src/onnx/weight-store.js';
import { dataOptions } from '../src/pipeline/open/open-data.js';
import { openModel } from '../src/pipeline/open/open-model.js';
import { batchOf } from '../src/pipeline/trials/workbench.js';
import { type Format, isFormat } from '../src/quantize/formats.js';
import { planFor, valuesToObserve } from '../src/quantize/make-plan.js';
import { network } from '../src/quantize/network.js';
import type { Plan } from '../src/quantize/plan.js';
import { findUnits } from '../src/quantize/units.js';
import { type Changes, type Perturbing, perturbingPlan } from '../src/replay/pieces.js';
import { type Replayed, replay } from '../src/replay/replay.js';
import { pairsOf, singles, type Variant } from '../src/replay/variant.js';
import { localExecutor } from '../src/runtime/executor.js';
import { type Executor, jobBeside } from '../src/runtime/job.js';
import { CASES, type Case, readingOf } from './cases.js';
import type { NaiveInput, NaiveRun } from './replay/naive-job.js';

const NAIVE_JOB = jobBeside<NaiveInput, NaiveRun>('./replay/naive-job', import.meta.url);

const { values: given } = parseArgs({
  options: {
    model: { type: 'string', default: 'resnet56' },
    samples: { type: 'string', default: '8' },
    naive: { type: 'string', default: '12' },
    rounds: { type: 'string', default: '2' },
    formats: { type: 'string', default: 'w8a8,w4a8,w4a4' },
    batch: { type: 'string', default: '8' },
    stack: { type: 'string', default: '24' },
    memory: { type: 'string', default: '1' },
    pairs: { type: 'string' },
  },
});

interface Scene {
  readonly perturbing: Perturbing;
  readonly set: PreparedSet;
  readonly outputs: readonly string[];
  readonly executor: Executor;
  readonly folder: string;
  readonly emitter: Emitter;
  readonly weights: WeightStore;
}

async function withScene(subject: Case, work: (scene: Scene) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bitloom-bench-'));
  const executor = localExecutor({ workers: 1, threads: 1, sessions: 1e6 });
  const weights = await openWeightStore(join(folder, 'naive.bin'));
  try {
    const source = await openModel(readingOf(subject).model, silent);
    const { calibration } = await subject.plan(folder);
    const dataset = await openDataset(calibration ?? '', dataOptions(readingOf(subject), source));
    const positions = [...Array(Number(given.samples)).keys()];
    const set = await prepare(dataset, positions, join(folder, 'samples'));
    const target = loadTarget('ort-cpu');
    const values = valuesToObserve(source.model, target);
    const statistics = await observe({ model: source.model, values, data: set, detail: 'range', executor });
    const activations = Object.fromEntries(calibrate({ statistics, method: 'min-max', bits: [4, 8, 16] }));
    const perturbing: Perturbing = {
      model: source.model,
      modelHash: source.hash,
      target,
      activations,
      weights: { method: 'min-max', reduceRange: false, blockSize: 32 },
    };
    const outputs = source.model.graph.outputs.map(({ name }) => name);
    await work({ perturbing, set, outputs, executor, folder, emitter: createEmitter(source.model), weights });
  } finally {
    await executor.close();
    await weights.close();
    await rm(folder, { recursive: true });
  }
}

function variantsOf({ perturbing }: Scene, formats: readonly Format[]): readonly Variant[] {
  const units = findUnits(perturbing.model);
  const possible = singles(units, ({ limits }) => formats.filter((format) => limits?.[format] === undefined));
  if (given.pairs === undefined) return possible;
  const names = [...new Set(possible.map(([{ unit }]) => unit))];
  const count = Number(given.pairs) || names.length;
  const chosen = new Set(Array.from({ length: count }, (_, i) => names[Math.floor((i * names.length) / count)]));
  return pairsOf(possible.filter(([{ unit }]) => chosen.has(unit)));
}

interface Naive extends NaiveRun {
  readonly emitSeconds: number;
}

async function runWhole(scene: Scene, plan: Plan): Promise<Naive> {
  const started = process.cpuUsage();
  const model = join(scene.folder, 'whole.onnx');
  await saveModel(scene.emitter.emit(plan), model, { weights: scene.weights });
  const { user, system } = process.cpuUsage(started);
  const emitSeconds = (user + system) / 1e6;
  const { set, outputs } = scene;
  const batch = Number(given.batch);
  const run = await scene.executor.run(NAIVE_JOB, { model, set, outputs, threads: 1, batch, ...batchOf(plan.units) });
  return { ...run, emitSeconds };
}

function changesOf({ perturbing }: Scene, variant: Variant): Changes {
  const units = findUnits(perturbing.model);
  const groups = new Map(units.map(({ name, group }) => [name, group]));
  const formats = new Map(variant.map(({ unit, format }) => [groups.get(unit), format]));
  return new Map(
    units.flatMap(({ name, group }) => {
      const format = formats.get(group);
      return format ? [[name, format] as const] : [];
    }),
  );
}

function emittedPlan({ perturbing }: Scene, changes: Changes): Plan {
  const net = network(perturbing.model, perturbing.target);
  const units = Object.fromEntries(net.units.map(({ name }) => [name, changes.get(name) ?? ('float' as const)]));
  return planFor(net, { ...perturbing, units });
}

/** Largest difference of an output over the largest magnitude of the reference. */
function distance(a: readonly Outputs[], b: readonly Outputs[]): number {
  const of = (one: Outputs, other: Outputs) =>
    Object.keys(one).map((name) => relative(toFloat32(one[name]), toFloat32(other[name])));
  return Math.max(...a.flatMap((one, i) => of(one, b[i])));
}

function relative(values: Float32Array, others: Float32Array): number {
  let most = 0;
  let scale = 0;
  for (let i = 0; i < values.length; i++) {
    most = Math.max(most, Math.abs(values[i] - others[i]));
    scale = Math.max(scale, Math.abs(others[i]));
  }
  return scale > 0 ? most / scale : most;
}

interface Round {
  readonly naive: readonly Naive[];
  readonly replayed: Replayed;
  readonly apart: readonly number[];
  readonly fromEmitted: readonly number[];
}

async function measureRound(scene: Scene, variants: readonly Variant[], round: number): Promise<Round> {
  const count = Math.min(Number(given.naive), variants.length);
  const taken = Array.from(
    { length: count },
    (_, i) => variants[Math.floor(((i + round / Number(given.rounds)) * variants.length) / count) % variants.length],
  );
  const naive: Naive[] = [];
  const half = Math.ceil(count / 2);
  const plans = taken.map((variant) => changesOf(scene, variant));
  for (const changes of plans.slice(0, half))
    naive.push(await runWhole(scene, perturbingPlan(scene.perturbing, changes)));
  const got = new Map<Variant, Outputs[]>();
  const replayed = await replay(
    scene.executor,
    { ...scene.perturbing, variants, set: scene.set, wanted: { outputs: true } },
    {
      batch: Number(given.batch),
      stack: Number(given.stack),
      memory: Number(given.memory) * 2 ** 30,
      folder: scene.folder,
      onRows: ({ variant, samples }) => {
        if (!taken.includes(variant)) return;
        got.set(variant, [...(got.get(variant) ?? []), ...samples.map(({ outputs }) => outputs ?? {})]);
      },
    },
  );
  for (const changes of plans.slice(half)) naive.push(await runWhole(scene, perturbingPlan(scene.perturbing, changes)));
  const apart = taken.map((variant, i) => distance(got.get(variant) ?? [], naive[i].outputs));
  const fromEmitted: number[] = [];
  for (const [i, changes] of plans.entries()) {
    if (i % 4 > 0) continue;
    const emitted = await runWhole(scene, emittedPlan(scene, changes));
    fromEmitted.push(distance(got.get(taken[i]) ?? [], emitted.outputs));
  }
  return { naive, replayed, apart, fromEmitted };
}

function print(variants: readonly Variant[], { naive, replayed, apart, fromEmitted }: Round): void {
  const whole = variants.length * mean(naive.map(({ runSeconds }) => runSeconds));
  const opening = variants.length * mean(naive.map(({ openSeconds, emitSeconds }) => openSeconds + emitSeconds));
  const running = replayed.cpuSeconds;
  const figure = (value: number) => value.toFixed(2);
  const gap = (values: readonly number[]) =>
    `${median(values).toExponential(1)} (most ${Math.max(...values).toExponential(1)})`;
  console.log(
    [
      `replay ${figure(running)} s (+ ${figure(replayed.compileSeconds)} s to write its parts)`,
      `whole runs ${figure(whole)} s (+ ${figure(opening)} s to emit and open)`,
      `ratio ${figure(running / whole)} of runs, ${figure((running + replayed.compileSeconds) / (whole + opening))} of all`,
      `held ${figure(replayed.peakBytes / 2 ** 20)} MiB, spilled ${figure(replayed.spilledBytes / 2 ** 20)} MiB`,
      `apart ${gap(apart)}, from emitted ${gap(fromEmitted)}`,
    ].join('\n  '),
  );
}

const subject = CASES.find(({ name }) => name === given.model);
if (!subject) throw new Error(`no model ${given.model}: ${CASES.map(({ name }) => name).join(', ')}`);
await withScene(subject, async (scene) => {
  const variants = variantsOf(scene, given.formats.split(',').filter(isFormat));
  console.log(`${subject.name}: ${variants.length} variants, ${given.samples} samples, batch ${given.batch}`);
  for (let round = 0; round < Number(given.rounds); round++)
    print(variants, await measureRound(scene, variants, round));
});
