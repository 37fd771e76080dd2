/**
 * Samples a second of the pool of workers, as an evaluation uses it (reading, running, scoring), for every split of the
 * cores, against a plain loop in one process that has a thread for each core.
 *
 *     npx tsx bench/workers.ts [MODEL] [SAMPLES] [ROUNDS]
 *
 * MODEL names a case of cases.ts. All open the model and run one sample at a time, in warm processes. They take turns, in
 * changing order.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PreparedSet } from '../src/data/dataset.js';
import { openDataset } from '../src/data/open.js';
import { prepare, readSample } from '../src/data/prepared.js';
import { evaluateModel, makeReference } from '../src/evaluate/evaluate.js';
import { loadModel } from '../src/graph/from-onnx.js';
import { median } from '../src/kernel/statistics.js';
import { localExecutor } from '../src/runtime/executor.js';
import { jobBeside } from '../src/runtime/job.js';
import { measureSplit, splitsOf } from '../src/runtime/split.js';
import { CASES, type Case } from './cases.js';
import type { LoopInput } from './workers-job.js';

const LOOP_JOB = jobBeside<LoopInput, number>('./workers-job', import.meta.url);
const CORES = availableParallelism();

/** Runs all samples once. */
type Way = () => Promise<unknown>;

async function main([name = 'resnet50', samples = '64', rounds = '5']: readonly string[]): Promise<void> {
  const subject = CASES.find((one) => one.name === name);
  if (!subject) throw new Error(`no such model; models: ${CASES.map((one) => one.name).join(', ')}`);
  const folder = await mkdtemp(join(tmpdir(), 'bitloom-bench-'));
  try {
    const set = await prepareSet(subject, Number(samples), folder);
    await compare(subject.model, set, folder, Number(rounds));
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function prepareSet(subject: Case, samples: number, folder: string): Promise<PreparedSet> {
  const { inputs, outputs } = (await loadModel(subject.model)).graph;
  const { preprocess } = subject;
  const { shown } = await subject.uniform(join(folder, 'parts'));
  const dataset = await openDataset(shown, { inputs, outputs, ...(preprocess && { preprocess }) });
  return prepare(dataset, [...Array(samples).keys()], join(folder, 'data'));
}

async function compare(model: string, set: PreparedSet, folder: string, rounds: number): Promise<void> {
  const { inputs: feeds } = await readSample(set, 0);
  const { split } = await measureSplit(model, { feeds, cores: CORES });
  console.log(`measured as best: ${split.workers} workers of ${split.threads} threads`);
  const pools = splitsOf(CORES).map((one) => localExecutor(one));
  const alone = localExecutor({ workers: 1, threads: CORES });
  try {
    const reference = await makeReference(alone, model, set, folder, { batch: 1 });
    const looped: Way = () => alone.run(LOOP_JOB, { model, set, threads: CORES });
    const pooled = pools.map(
      (pool): Way =>
        () =>
          evaluateModel(pool, reference, { name: 'top1' }, model, { batch: 1 }),
    );
    await inTurns([looped, ...pooled], 1);
    const [loop, ...others] = await inTurns([looped, ...pooled], rounds);
    print(`plain loop, ${CORES} threads`, loop, loop, set.length);
    for (const [i, { workers, threads }] of pools.entries()) {
      print(`pool, ${workers} workers of ${threads} threads`, others[i], loop, set.length);
    }
  } finally {
    await Promise.all([...pools, alone].map((executor) => executor.close()));
  }
}

/** Seconds of each way in each round. */
async function inTurns(ways: readonly Way[], rounds: number): Promise<readonly (readonly number[])[]> {
  const seconds: number[][] = ways.map(() => []);
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? [...ways.keys()] : [...ways.keys()].reverse();
    for (const way of order) {
      const started = performance.now();
      await ways[way]();
      seconds[way].push((performance.now() - started) / 1000);
    }
  }
  return seconds;
}

/** A rate, and its ratio to the loop's in the same round: median, least and most. */
function print(name: string, seconds: readonly number[], loop: readonly number[], samples: number): void {
  const ratios = seconds.map((each, round) => loop[round] / each);
  const [middle, least, most] = [median(ratios), Math.min(...ratios), Math.max(...ratios)].map((x) => x.toFixed(3));
  const rate = (samples / median(seconds)).toFixed(1);
  console.log(`${name}: ${rate} samples/s, ${middle} of the loop (${least} to ${most}, ${ratios.length} rounds)`);
}

await main(process.argv.slice(2));
