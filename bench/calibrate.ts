/**
 * CPU time and peak memory of observing every activation, beside plain inference over the same samples.
 *
 *     npx tsx bench/calibrate.ts MODEL.onnx DATA [PREPROCESS] [SAMPLES] [ROUNDS]
 *
 * Each measurement is a fresh process with one thread; the ways take turns, and the least of the rounds counts.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Taps } from '../src/calibrate/observe-job.js';
import { tapElements, tapRanges } from '../src/calibrate/taps.js';
import { openDataset } from '../src/data/open.js';
import { prepare } from '../src/data/prepared.js';
import { loadModel } from '../src/graph/from-onnx.js';
import type { Model } from '../src/graph/model.js';
import { saveModel } from '../src/graph/to-onnx.js';
import { loadTarget } from '../src/latency/load-target.js';
import { valuesToObserve } from '../src/quantize/make-plan.js';
import { runAlone } from '../src/runtime/alone.js';
import type { Job } from '../src/runtime/job.js';
import { simplify } from '../src/simplify/simplify.js';
import { runModel } from '../test/support/run-model.js';
import type { Cost, Work } from './calibrate-job.js';

const job: Job<Work, Cost, number> = { module: new URL('./calibrate-job.ts', import.meta.url).href };

async function main([file, source, preprocess, samples = '32', rounds = '3']: readonly string[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bitloom-bench-'));
  try {
    const original = await loadModel(file);
    const { model } = await simplify(original, { evaluate: runModel });
    const { inputs, outputs } = original.graph;
    const dataset = await openDataset(source, { inputs, outputs, ...(preprocess && { preprocess }) });
    const data = await prepare(dataset, [...Array(Number(samples)).keys()], join(folder, 'data'));
    const ways = await prepareWays(model, data, folder);
    const costs = await measure(ways, Number(rounds));
    for (const [name, cost] of costs) print(basename(file), name, cost, costs.get('plain') ?? cost, data.length);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function prepareWays(model: Model, data: Awaited<ReturnType<typeof prepare>>, folder: string) {
  const values = valuesToObserve(model, loadTarget('ort-cpu'));
  const observing = async (name: string, tapped: Model, what: Taps): Promise<Work> => {
    const path = join(folder, `${name}.onnx`);
    await saveModel(tapped, path);
    return { kind: 'observe', input: { model: path, what, data, from: 0, to: data.length, threads: 1 } };
  };
  const ranges = tapRanges(model, values);
  const elements = tapElements(model, values);
  const plain = join(folder, 'plain.onnx');
  await saveModel(model, plain);
  return new Map<string, Work>([
    ['plain', { kind: 'plain', model: plain, data }],
    ['range', await observing('range', ranges.model, { detail: 'range', taps: ranges.taps })],
    ['histogram', await observing('histogram', elements.model, { detail: 'histogram', taps: elements.taps })],
  ]);
}

async function measure(ways: ReadonlyMap<string, Work>, rounds: number): Promise<ReadonlyMap<string, Cost>> {
  const best = new Map<string, Cost>();
  for (let round = 0; round < rounds; round++) {
    for (const [name, work] of ways) {
      const cost = await runAlone(job, work);
      const least = best.get(name);
      if (!least || cost.cpuMs < least.cpuMs) best.set(name, cost);
    }
  }
  return best;
}

function print(model: string, name: string, cost: Cost, plain: Cost, samples: number): void {
  const each = (cost.cpuMs / samples).toFixed(1);
  const ratio = (cost.cpuMs / plain.cpuMs).toFixed(2);
  const peak = (cost.peakBytes / 2 ** 20).toFixed(0);
  console.log(`${model} ${name}: ${each} ms CPU a sample, ${ratio} x plain, peak ${peak} MiB (${samples} samples)`);
}

await main(process.argv.slice(2));
