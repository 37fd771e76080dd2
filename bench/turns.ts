/**
 * What turns do to the time of a model: each model in turns with the other, as `bitloom bench` takes them, beside the same
 * model alone in a process of its own, whose idle threads spin as a server's would.
 *
 *     npx tsx bench/turns.ts [ROUNDS] MODEL OTHER
 */
import { median } from '../src/kernel/statistics.js';
import { runAlone } from '../src/runtime/alone.js';
import { BENCH_JOB } from '../src/runtime/bench.js';
import type { FeedSource } from '../src/runtime/feeds.js';
import { jobBeside } from '../src/runtime/job.js';
import type { AloneInput } from './turns-job.js';

const ALONE_JOB = jobBeside<AloneInput, number>('./turns-job', import.meta.url);
const FEEDS: FeedSource = { kind: 'generated', batch: 1, seed: 1, length: 12 };
const LIMITS = { width: 0, budgetMs: 2000, maxRounds: 5000 };

async function main(given: readonly string[]): Promise<void> {
  const [rounds, ...models] = /^\d+$/.test(given[0] ?? '') ? given : ['5', ...given];
  if (models.length !== 2) throw new Error('give two models');
  for (const threads of [1, 2]) {
    const alone: number[][] = [];
    const inTurns: number[][] = [];
    for (let round = 0; round < Number(rounds); round++) {
      const times: number[] = [];
      for (const model of models) times.push(await timeAlone(model, threads));
      alone.push(times);
      inTurns.push(await timeInTurns(models, threads));
    }
    for (const [i, model] of models.entries()) print(model, threads, column(alone, i), column(inTurns, i));
  }
}

function timeAlone(model: string, threads: number): Promise<number> {
  return runAlone(ALONE_JOB, { model, feeds: FEEDS, threads });
}

async function timeInTurns(models: readonly string[], threads: number): Promise<number[]> {
  const times = await runAlone(BENCH_JOB, { models, feeds: FEEDS, threads, ...LIMITS });
  return times.map(median);
}

function column(rows: readonly (readonly number[])[], index: number): readonly number[] {
  return rows.map((row) => row[index]);
}

/** Milliseconds: median, least and most of the processes. */
function print(model: string, threads: number, alone: readonly number[], inTurns: readonly number[]): void {
  const told = (ms: readonly number[]) =>
    `${median(ms).toFixed(3)} (${Math.min(...ms).toFixed(3)} .. ${Math.max(...ms).toFixed(3)})`;
  const ratio = (median(inTurns) / median(alone)).toFixed(2);
  console.log(`${threads} threads, ${model}: alone ${told(alone)}, in turns ${told(inTurns)}, ratio ${ratio}`);
}

await main(process.argv.slice(2));
