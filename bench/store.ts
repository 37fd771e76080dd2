/**
 * What the store costs a result: a find that misses, then a keep, through a run and a cache, as `once` does.
 *
 *     npx tsx bench/store.ts [FOLDER] [ROUNDS]
 *
 * `rows` is what one block of an evaluation keeps: 32 samples, a few figures each, about 3 kB. `artifact` is 1 MB. `hit`
 * finds in the cache what the run does not hold and copies it; `again` finds it in the run. Folders and databases are
 * made beforehand; FOLDER says which disk is measured (the system's folder for temporary files, if not given).
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCache } from '../src/store/cache.js';
import { codeVersion } from '../src/store/code-version.js';
import { resultKind } from '../src/store/result-kind.js';
import { layered, type Results } from '../src/store/results.js';
import { openRun } from '../src/store/run-store.js';

const KIND = resultKind<unknown>('bench');
const MEGABYTE = 1e6;
const ABOUT = { id: 'bench', command: 'bench', model: { path: 'none', hash: 'none' }, settings: {} };

/** What one block keeps: for each sample its answer, the loss and ten scores. */
function block(seed: number) {
  return Array.from({ length: 32 }, (_, i) => ({
    answer: (seed * 31 + i) % 1000,
    loss: Math.sin(seed + i),
    scores: new Float32Array(10).fill(seed / (i + 1)),
  }));
}

async function main([parent = tmpdir(), rounds = '300']: readonly string[]): Promise<void> {
  const folder = await mkdtemp(join(parent, 'bitloom-bench-store-'));
  try {
    const started = performance.now();
    codeVersion();
    console.log(`code version: ${(performance.now() - started).toFixed(1)} ms`);
    await measure('rows', folder, Number(rounds), block);
    const artifacts = Math.ceil(Number(rounds) / 10);
    await measure('artifact', folder, artifacts, (seed) => new Uint8Array(MEGABYTE).fill(seed));
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function measure(name: string, folder: string, rounds: number, value: (seed: number) => unknown): Promise<void> {
  const cache = await openCache(join(folder, 'cache'), { maxBytes: 2 ** 34 });
  await inRun(folder, `${name}-1`, cache, async (results) => {
    print(`${name}, miss and keep`, await timed(rounds, (i) => results.once(KIND, { name, i }, async () => value(i))));
    print(`${name}, again`, await timed(rounds, (i) => results.find(KIND, { name, i })));
  });
  await inRun(folder, `${name}-2`, cache, async (results) => {
    print(`${name}, hit in the cache`, await timed(rounds, (i) => results.find(KIND, { name, i })));
  });
  await cache.close();
}

async function inRun(
  folder: string,
  id: string,
  cache: Results,
  work: (results: Results) => Promise<void>,
): Promise<void> {
  const run = await openRun(join(folder, id), ABOUT);
  await work(layered(run, cache));
  await run.close();
}

/** Milliseconds of each round, after a tenth of them to warm up, in order. */
async function timed(rounds: number, action: (i: number) => Promise<unknown>): Promise<readonly number[]> {
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const started = performance.now();
    await action(i);
    times.push(performance.now() - started);
  }
  return times.slice(Math.ceil(rounds / 10)).sort((a, b) => a - b);
}

function print(name: string, sorted: readonly number[]): void {
  const [median, p95] = [0.5, 0.95].map((q) => sorted[Math.floor(q * sorted.length)].toFixed(2));
  console.log(`${name}: median ${median} ms, p95 ${p95} ms (${sorted.length})`);
}

await main(process.argv.slice(2));
