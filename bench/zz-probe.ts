import { median } from '../src/kernel/statistics.js';
import { createDamageModel } from '../src/search/damage/damage-source.js';
import { gramOf } from '../src/search/damage/gram.js';
import { stored } from '../src/search/damage/stored-vector.js';
import { symmetric, entry } from '../src/search/damage/symmetric-matrix.js';
import { exactly } from '../src/search/exact.js';
import { DEFAULT_LIMITS } from '../src/search/minimise.js';
import { localSearch } from '../src/search/local-search.js';
import { costOf } from '../src/search/cost-model.js';
import { random } from '../src/kernel/random.js';
import { circuitOf, residualChain, denseBlocks, transformer } from '../test/support/cost-circuits.js';
import { randomShifts } from '../test/support/random-shifts.js';

const net = { r: residualChain(), d: denseBlocks(), t: transformer() }[process.argv[2] ?? 'r']!;
const ladder = (process.argv[3] ?? '2') === '2' ? ['float', 'w8a8'] as const : ['float', 'w8a8-dynamic', 'w8a8', 'w4'] as const;
const { score, ...instance } = circuitOf(net, ladder, 1);
const list = instance.cost.items.flatMap(({ name }) => ladder.slice(1).map((format) => ({ item: name, format })));
const { outputs, vectors } = randomShifts(list, ({ item, format }) => score(item, format), { samples: 64, classes: 10, seed: 1, shared: Number(process.argv[5] ?? 2) });
const shifts = vectors.map((v) => stored(v, 'double'));
const gram = gramOf(outputs, shifts);
const source = random(3);
const alone = list.map((_, k) => entry(gram, k, k) / 2);
const noisy = symmetric(list.length, (k, l) => entry(gram, k, l) + (k === l ? 0 : 0.3 * source.normal() * Math.sqrt(alone[k] * alone[l])));
const sources = {
  gram: { kind: 'gram', gram },
  measured: { kind: 'gram', gram, alone: alone.map((a) => a * (0.7 + 0.6 * source.uniform())) },
  pairs: { kind: 'curvature', curvature: symmetric(list.length, (k, l) => list[k].item === list[l].item ? 0 : entry(noisy, k, l)), alone },
  logits: { kind: 'logits', outputs, shifts },
} as const;
for (const [name, s] of Object.entries(sources)) {
  if (process.argv[4] && process.argv[4] !== name) continue;
  const damage = createDamageModel({ perturbations: list, unchanged: ['float'], source: s });
  const problem = { ...instance, damage };
  const end = new Map(instance.cost.items.map(({ name: n }) => [n, ladder[ladder.length - 1]]));
  const most = damage.damage(end);
  for (const part of [0.5, 0.2, 0.1, 0.05, 0.02]) {
    let t = performance.now();
    const r = await exactly(problem, part * most, DEFAULT_LIMITS);
    const s1 = (performance.now() - t) / 1000; t = performance.now();
    const l = process.argv[6] ? await localSearch(problem, part * most) : undefined;
    const s2 = (performance.now() - t) / 1000;
    console.log(name, part, most.toFixed(3), s1.toFixed(2), 's optimal', r?.optimal, 'bound', r?.bound.toFixed(5), 'cost', r?.assignment && costOf(problem.cost, r.assignment).toFixed(5), (r as any)?.rounds, l && costOf(problem.cost, l).toFixed(5), s2.toFixed(2));
  }
}
