/**
 * Seconds for a proof, and how far the local search alone is from it, on circuits of the shapes of three families of
 * networks: `npx tsx bench/search.ts`. Prints one line a circuit; figures stand in docs/adr/0110 and 0111.
 */
import { median } from '../src/kernel/statistics.js';
import { costOf } from '../src/search/cost-model.js';
import { additive } from '../src/search/damage-model.js';
import { frontier } from '../src/search/frontier.js';
import { localSearch } from '../src/search/local-search.js';
import { minimise } from '../src/search/minimise.js';
import type { Problem } from '../src/search/problem.js';
import {
  type CircuitFormat,
  circuitOf,
  denseBlocks,
  type Operator,
  residualChain,
  transformer,
} from '../test/support/cost-circuits.js';

const NETWORKS = { residual: residualChain(), dense: denseBlocks(), transformer: transformer() };
const LADDERS: readonly (readonly CircuitFormat[])[] = [
  ['float', 'w8a8'],
  ['float', 'w8a8-dynamic', 'w8a8', 'w4'],
];
const SEEDS = [1, 2];
/** Of the damage at the end of all ladders. */
const BOUNDS = [1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01];
const FLOOR = 0.07;

async function timed<T>(run: () => Promise<T>): Promise<readonly [result: T, seconds: number]> {
  const start = performance.now();
  const result = await run();
  return [result, (performance.now() - start) / 1000];
}

async function solve(problem: Problem<CircuitFormat>, atMost: number) {
  const [solution, seconds] = await timed(() => minimise({ ...problem, atMost }));
  const [found, searching] = await timed(() => localSearch(problem, atMost));
  if (!solution || !found) throw new Error('the start of all ladders does no damage');
  const { cost, bound } = solution;
  return { seconds, gap: (cost - bound) / cost, searching, above: costOf(problem.cost, found) / cost - 1 };
}

function spread(values: readonly number[]): string {
  return `${median(values).toFixed(2)} (at most ${Math.max(...values).toFixed(2)})`;
}

async function report(
  name: string,
  network: readonly Operator[],
  ladder: readonly CircuitFormat[],
  seed: number,
): Promise<void> {
  const { score, ...instance } = circuitOf(network, ladder, seed);
  const problem = { ...instance, damage: additive(score) };
  const { items, gates } = problem.cost;
  const most = items.reduce((total, { name: item }) => total + score(item, ladder[ladder.length - 1]), 0);
  const solves = [];
  for (const part of BOUNDS) solves.push(await solve(problem, part * most));
  const [walked, walking] = await timed(() =>
    frontier(problem, async (one) => ({ holds: problem.damage.damage(one) <= FLOOR * most })),
  );
  console.log(
    `${name}, ${items.length} units, ${ladder.length} formats, ${gates.length} gates, seed ${seed}:`,
    `proof ${spread(solves.map(({ seconds }) => seconds))} s, gap ${(100 * Math.max(...solves.map(({ gap }) => gap))).toFixed(2)} %;`,
    `local ${spread(solves.map(({ searching }) => searching))} s, above by ${spread(solves.map(({ above }) => 100 * above))} %;`,
    `frontier ${walked.evaluations} judged in ${walking.toFixed(1)} s`,
  );
}

for (const [name, network] of Object.entries(NETWORKS)) {
  for (const ladder of LADDERS) for (const seed of SEEDS) await report(name, network, ladder, seed);
}
