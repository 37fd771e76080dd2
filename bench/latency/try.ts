/**
 * How well latency is predicted, end to end for one model: profiles of float, uniform and mixed plans; costs; other mixed
 * plans timed in turns with float; factors fitted to half of them and judged on the other half.
 *
 *     npx tsx bench/latency/try.ts MODEL.onnx [PROFILED] [TIMED] [SECONDS] [RAW.json]
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmitter } from '../../src/emit/emitter.js';
import { matchUnits } from '../../src/emit/executed.js';
import { loadModel } from '../../src/graph/from-onnx.js';
import type { Graph, Model } from '../../src/graph/model.js';
import { saveModel } from '../../src/graph/to-onnx.js';
import { random } from '../../src/kernel/random.js';
import { median } from '../../src/kernel/statistics.js';
import { attribute } from '../../src/latency/attribute.js';
import { circuitOf, type Ladders } from '../../src/latency/circuit.js';
import { costsFrom, type Observation } from '../../src/latency/costs.js';
import { type PredictionErrors, predictionErrors } from '../../src/latency/errors.js';
import { eventsOf } from '../../src/latency/events.js';
import { loadTarget } from '../../src/latency/load-target.js';
import { fitFactors, type MeasuredPlan, type Prediction, predict, unfitted } from '../../src/latency/predict.js';
import { type Sizes, sizesFor } from '../../src/latency/sizes.js';
import { openWeightStore } from '../../src/onnx/weight-store.js';
import type { Formats } from '../../src/quantize/followers.js';
import { planFor, uniformFormats, valuesToObserve } from '../../src/quantize/make-plan.js';
import { type Network, network } from '../../src/quantize/network.js';
import { reasonAgainst } from '../../src/quantize/rules.js';
import type { Unit } from '../../src/quantize/unit.js';
import { bench } from '../../src/runtime/bench.js';
import { localExecutor } from '../../src/runtime/executor.js';
import { type FeedSource, feedsFor } from '../../src/runtime/feeds.js';
import type { Executor } from '../../src/runtime/job.js';
import { type NodeTime, PROFILE_JOB } from '../../src/runtime/profile.js';
import { simplify } from '../../src/simplify/simplify.js';
import { observe, PLAIN_WEIGHTS } from '../../test/plans.js';
import { runModel } from '../../test/support/run-model.js';
import { randomFormats } from './random-plans.js';

const TARGET = loadTarget('ort-cpu');
const FEEDS: FeedSource = { kind: 'generated', batch: 1, seed: 1, dims: { sequence: 32 } };

interface Setting {
  readonly net: Network;
  readonly sizes: Sizes;
  readonly ladders: Ladders;
  /** Emits a plan to a file; returns what it was emitted as. */
  write(formats: Formats, name: string): Promise<{ readonly path: string; readonly emitted: Model }>;
  readonly executor: Executor;
}

async function main([file, profiled = '8', timed = '24', seconds = '60', raw]: readonly string[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bitloom-try-'));
  const executor = localExecutor({ workers: 1, threads: 1 });
  try {
    const setting = await prepare(file, folder, executor);
    const observations = await profileAll(setting, Number(profiled));
    const plans = await timeAll(setting, Number(timed), Number(seconds) * 1000);
    if (raw) await writeFile(raw, JSON.stringify({ observations, plans, float: floatEvents(setting) }));
    report(setting, observations, plans);
  } finally {
    await executor.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function prepare(file: string, folder: string, executor: Executor): Promise<Setting> {
  const { model } = await simplify(await loadModel(file), { evaluate: runModel });
  const [feeds] = feedsFor(model.graph.inputs, FEEDS);
  const net = network(model, TARGET);
  const activations = await observe(model, feeds, valuesToObserve(model, TARGET));
  const emitter = createEmitter(model);
  const weights = await openWeightStore(join(folder, 'weights.bin'));
  const dims = Object.fromEntries(Object.entries(feeds).map(([name, { dims }]) => [name, dims]));
  return {
    net,
    sizes: sizesFor(model, dims),
    ladders: Object.fromEntries(net.units.map((unit) => [unit.group, ladderOf(unit)])),
    executor,
    async write(formats, name) {
      const plan = planFor(net, { modelHash: '', units: formats, activations, weights: PLAIN_WEIGHTS });
      const emitted = emitter.emit(plan);
      const path = join(folder, `${name}.onnx`);
      await saveModel(emitted, path, { weights });
      return { path, emitted };
    },
  };
}

function ladderOf(unit: Unit) {
  const ladder = unit.weight === undefined ? TARGET.products : TARGET.ladder[unit.op];
  return ladder.filter((format) => reasonAgainst(unit, format, TARGET) === undefined);
}

const uniform = (net: Network, format: 'float' | 'w8a8' | 'w8a8-dynamic' | 'w4', ladders: Ladders): Formats => {
  const { formats } = uniformFormats(net.units, format, TARGET);
  return Object.fromEntries(
    net.units.map(({ name, group }) => [name, ladders[group].includes(formats[name]) ? formats[name] : 'float']),
  );
};

async function profileAll(setting: Setting, mixed: number): Promise<readonly Observation[]> {
  const { net, ladders } = setting;
  const source = random(11);
  const formats = [...new Set(Object.values(ladders).flat())].filter((f) => f !== 'float');
  const uniforms = (['w8a8', 'w8a8-dynamic', 'w4'] as const).filter((format) => formats.includes(format));
  const choices = [
    uniform(net, 'float', ladders),
    ...uniforms.map((format) => uniform(net, format, ladders)),
    ...Array.from({ length: mixed }, (_, i) => randomFormats(net.units, ladders, i, source)),
  ];
  const written = [];
  for (const [i, choice] of choices.entries()) written.push(await setting.write(choice, `profiled${i}`));
  const models = written.map(({ path }) => ({ path, executed: `${path}.optimized` }));
  const times = await setting.executor.run(PROFILE_JOB, { models, feeds: FEEDS, threads: 1, runs: 20 });
  const results: Observation[] = [];
  for (const [i, choice] of choices.entries()) {
    const executed = (await loadModel(models[i].executed)).graph;
    results.push(observation(setting, choice, { emitted: written[i].emitted.graph, executed }, times[i], times[0]));
  }
  return results;
}

const total = (times: readonly NodeTime[]) => times.reduce((sum, { medianMs }) => sum + medianMs, 0);

function observation(
  { net, sizes }: Setting,
  formats: Formats,
  { emitted, executed }: { readonly emitted: Graph; readonly executed: Graph },
  times: readonly NodeTime[],
  float: readonly NodeTime[],
): Observation {
  const names = net.units.map((unit) => unit.name);
  const kernels = matchUnits(emitted, executed, names);
  const events = eventsOf(net, formats, sizes);
  const attribution = attribute({ net, events, emitted, executed, kernels, times });
  return { events, attribution, floatMs: total(float) };
}

async function timeAll(setting: Setting, count: number, budgetMs: number): Promise<readonly MeasuredPlan[]> {
  const { net, ladders, sizes } = setting;
  const source = random(12);
  const choices = Array.from({ length: count }, (_, i) => randomFormats(net.units, ladders, i, source));
  const float = await setting.write(uniform(net, 'float', ladders), 'float');
  const paths: string[] = [];
  for (const [i, formats] of choices.entries()) paths.push((await setting.write(formats, `timed${i}`)).path);
  const { ratios, rounds } = await bench([float.path, ...paths], { feeds: FEEDS, threads: 1, width: 0.01, budgetMs });
  const widths = ratios.map(({ low, high, ratio }) => (high - low) / ratio);
  console.log(
    `${rounds} rounds; intervals ${percent(median(widths))} wide at the median, ${percent(Math.max(...widths))} at most`,
  );
  return choices.map((formats, i) => ({
    events: eventsOf(net, formats, sizes),
    ratio: ratios[i].ratio,
    spread: widths[i] / 2,
  }));
}

function floatEvents({ net, ladders, sizes }: Setting) {
  return eventsOf(net, uniform(net, 'float', ladders), sizes);
}

function report(setting: Setting, observations: readonly Observation[], plans: readonly MeasuredPlan[]): void {
  const circuit = circuitOf(setting.net, setting.ladders, setting.sizes);
  const wanted = [...circuit.always, ...circuit.events.map(({ event }) => event)];
  const costs = costsFrom(observations, wanted);
  const float = floatEvents(setting);
  const plain = unfitted(costs, float);
  print(
    'profiles as they are',
    errorsOf(plans, () => plain),
  );
  const half = (rest: number) => plans.filter((_, i) => Math.floor(i / 2) % 2 === rest);
  const fitted = fitFactors(half(0), costs, float);
  print(
    'fitted, held-out half',
    errorsOf(half(1), () => fitted),
  );
  print(
    'fitted, one left out',
    errorsOf(plans, (one) =>
      fitFactors(
        plans.filter((plan) => plan !== one),
        costs,
        float,
      ),
    ),
  );
  console.log(fitted.factors, 'per operator', fitted.perOperator, 'interpolated', costs.interpolated.length);
  for (const { events, ratio } of plans)
    console.log(ratio.toFixed(3), predict(plain, events).toFixed(3), predict(fitted, events).toFixed(3));
}

function errorsOf(plans: readonly MeasuredPlan[], model: (left: MeasuredPlan) => Prediction): PredictionErrors {
  return predictionErrors(
    plans.map((plan) => ({ predicted: predict(model(plan), plan.events), measured: plan.ratio })),
  );
}

function print(name: string, { plans, median: middle, p95, ordered, pairs }: PredictionErrors): void {
  const order = `${percent(ordered)} of ${pairs} pairs in order`;
  console.log(`${name}: median ${percent(middle)}, 95th ${percent(p95)}, ${order} (${plans} plans)`);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

await main(process.argv.slice(2));
