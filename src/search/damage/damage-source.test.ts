import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomShifts } from '../../../test/support/random-shifts.js';
import { random } from '../../kernel/random.js';
import type { CostModel } from '../cost-model.js';
import { costOf } from '../cost-model.js';
import type { DamageModel } from '../damage-model.js';
import { minimise } from '../minimise.js';
import type { Assignment } from '../space.js';
import { createDamageModel, type DamageSource } from './damage-source.js';
import { gramOf, gramOfSketches, sketchError, sketchOf } from './gram.js';
import { type Outputs, outputsOf, shiftVector } from './outputs.js';
import { pairsOf, pairsWithin } from './pairs.js';
import type { Perturbation } from './perturbations.js';
import { type Storage, stored } from './stored-vector.js';
import { entry, symmetric } from './symmetric-matrix.js';

type F = 'float' | 'w8a8' | 'w4a4';
const FORMATS: readonly F[] = ['float', 'w8a8', 'w4a4'];
const ITEMS = ['a', 'b', 'c', 'd'];
const PERTURBATIONS: readonly Perturbation<F>[] = ITEMS.flatMap((item) =>
  FORMATS.slice(1).map((format) => ({ item, format })),
);
const SIZES = { samples: 5, classes: 4 };

interface Drawn {
  readonly outputs: Outputs;
  readonly vectors: readonly Float64Array[];
}

const drawn = (seed: number, scale = 1): Drawn =>
  randomShifts(PERTURBATIONS, ({ format }) => scale * (format === 'w8a8' ? 0.01 : 0.3), { ...SIZES, seed });

const keep = (vectors: readonly Float64Array[], storage: Storage = 'double') =>
  vectors.map((vector) => stored(vector, storage));

/** KL(softmax(z) || softmax(z + shift)) by its definition, of the first output's positions. */
function klByDefinition({ outputs }: Drawn, shift: Float64Array): number {
  const [{ chances, weights, width }] = outputs.segments;
  let total = 0;
  for (const [at, weight] of weights.entries()) {
    const p = chances.slice(at * width, (at + 1) * width);
    const moved = p.map((chance, c) => chance * Math.exp(shift[at * width + c]));
    const sum = moved.reduce((a, b) => a + b, 0);
    total += weight * p.reduce((all, chance, c) => all + chance * Math.log((chance * sum) / moved[c]), 0);
  }
  return total;
}

function sourcesOf(scene: Drawn, seed: number): readonly DamageSource[] {
  const shifts = keep(scene.vectors);
  const gram = gramOf(scene.outputs, shifts);
  const source = random(seed);
  const curvature = symmetric(PERTURBATIONS.length, () => source.normal());
  const alone = PERTURBATIONS.map(() => source.uniform());
  const pairs = pairsOf(PERTURBATIONS).map((pair) => ({ pair, loss: 2 * source.uniform() }));
  return [
    { kind: 'none', alone },
    { kind: 'gram', gram },
    { kind: 'gram', gram, alone },
    { kind: 'curvature', curvature, alone },
    { kind: 'pairs', atRest: 0.1, alone, pairs, missing: 'zero', seed },
    { kind: 'pairs', atRest: 0.1, alone, pairs: pairs.slice(0, 9), missing: 'low-rank', seed },
    { kind: 'logits', outputs: scene.outputs, shifts },
  ];
}

const modelOf = (source: DamageSource) =>
  createDamageModel<F>({ perturbations: PERTURBATIONS, unchanged: ['float'], source });

const assignments: fc.Arbitrary<Assignment<F>> = fc
  .tuple(...ITEMS.map(() => fc.constantFrom(...FORMATS)))
  .map((formats) => new Map(ITEMS.map((item, at) => [item, formats[at]])));
const seeds = fc.nat({ max: 1000 });

/** Every model of one drawing, to one law. */
function everyModel(law: (model: DamageModel<F>, first: Assignment<F>, second: Assignment<F>) => void) {
  fc.assert(
    fc.property(seeds, assignments, assignments, (seed, first, second) => {
      for (const source of sourcesOf(drawn(seed), seed)) law(modelOf(source), first, second);
    }),
    { numRuns: 40 },
  );
}

const chosenIn = (assignment: Assignment<F>) =>
  PERTURBATIONS.flatMap(({ item, format }, k) => (assignment.get(item) === format ? [k] : []));

describe('every damage model', () => {
  it('changes by the difference of two damages', () => {
    everyModel((model, first, second) => {
      for (const item of ITEMS) {
        const format = second.get(item) ?? 'float';
        const next = new Map(first).set(item, format);
        expect(model.change(first, item, format)).toBeCloseTo(model.damage(next) - model.damage(first), 9);
      }
    });
  });

  it('has supports that touch it, and lie nowhere above it', () => {
    everyModel((model, first, second) => {
      const support = model.support?.(first);
      if (!support) throw new Error('no support');
      const at = (assignment: Assignment<F>) =>
        [...assignment].reduce((total, [item, format]) => total + support.slope(item, format), support.constant);
      expect(at(first)).toBeCloseTo(model.damage(first), 9);
      expect(at(second)).toBeLessThanOrEqual(model.damage(second) + 1e-9);
    });
  });

  it('leads to the cheapest plan within a bound, by enumeration', async () => {
    const costs = (item: number) => ({ float: 9, w8a8: 4 + (item % 2), w4a4: 2 });
    const cost: CostModel<F> = {
      base: 0,
      items: ITEMS.map((name, at) => ({ name, costs: costs(at) })),
      gates: [{ is: 'a', formats: ['w8a8'] }, { is: 'b', formats: ['w8a8'] }, { and: [0, 1] }],
      terms: [{ gate: 2, cost: -2 }],
    };
    const all = FORMATS.flatMap((a) =>
      FORMATS.flatMap((b) =>
        FORMATS.flatMap((c) =>
          FORMATS.map(
            (d) =>
              new Map<string, F>([
                ['a', a],
                ['b', b],
                ['c', c],
                ['d', d],
              ]),
          ),
        ),
      ),
    );
    for (const source of sourcesOf(drawn(3), 3)) {
      const damage = modelOf(source);
      const damages = all.map((assignment) => damage.damage(assignment)).sort((a, b) => a - b);
      for (const atMost of [damages[5], damages[30], damages[60]]) {
        const within = all.filter((assignment) => damage.damage(assignment) <= atMost);
        const least = Math.min(...within.map((assignment) => costOf(cost, assignment)));
        const found = await minimise({ cost, damage, ladder: () => FORMATS, atMost });
        expect(found?.cost).toBeCloseTo(least, 9);
        expect(found?.optimal).toBe(true);
      }
    }
  });
});

describe('none', () => {
  it('adds what each does alone', () => {
    const model = modelOf({ kind: 'none', alone: [1, 2, 4, 8, 16, 32, 64, 128] });
    expect(
      model.damage(
        new Map<string, F>([
          ['a', 'w4a4'],
          ['b', 'float'],
          ['d', 'w8a8'],
        ]),
      ),
    ).toBe(66);
  });

  it('refuses a damage that is not a number, naming each', () => {
    const alone = [1, Number.NaN, 1, 1, 1, 1, Number.POSITIVE_INFINITY, 1];
    expect(() => modelOf({ kind: 'none', alone })).toThrow(/a in w4a4[\s\S]*d in w8a8/);
  });

  it('refuses a format whose damage nobody knows', () => {
    const model = createDamageModel<F>({
      perturbations: [],
      unchanged: ['float'],
      source: { kind: 'none', alone: [] },
    });
    expect(() => model.damage(new Map([['a', 'w8a8']]))).toThrow('no damage is known of item a in format w8a8');
  });
});

describe('logits', () => {
  it('is the divergence itself of shifts that add', () => {
    fc.assert(
      fc.property(seeds, assignments, (seed, assignment) => {
        const scene = drawn(seed);
        const model = modelOf({ kind: 'logits', outputs: scene.outputs, shifts: keep(scene.vectors) });
        const sum = new Float64Array(scene.outputs.length);
        for (const k of chosenIn(assignment)) for (let at = 0; at < sum.length; at++) sum[at] += scene.vectors[k][at];
        expect(model.damage(assignment)).toBeCloseTo(klByDefinition(scene, sum), 10);
      }),
    );
  });

  it('is as exact in halves as they promise', () => {
    const scene = drawn(1);
    const full: Assignment<F> = new Map(ITEMS.map((item) => [item, 'w4a4']));
    const of = (storage: Storage) =>
      modelOf({ kind: 'logits', outputs: scene.outputs, shifts: keep(scene.vectors, storage) }).damage(full);
    expect(Math.abs(of('half') / of('double') - 1)).toBeLessThan(4 * 2 ** -11);
    expect(Math.abs(of('single') / of('double') - 1)).toBeLessThan(4 * 2 ** -24);
  });

  it('counts neither masked positions nor classes that are ruled out', () => {
    const values = Float64Array.from([1, 2, Number.NEGATIVE_INFINITY, 3, 1, 0]);
    const masked = outputsOf(1, [{ kind: 'logits', classes: 3, values, weights: Float64Array.from([1, 0]) }]);
    const shift = shiftVector(masked, [Float64Array.from([0.5, -0.5, 99, 7, 7, -7])], 'a');
    const alone = outputsOf(1, [{ kind: 'logits', classes: 2, values: values.slice(0, 2) }]);
    const same = shiftVector(alone, [Float64Array.from([0.5, -0.5])], 'a');
    const damageOf = (outputs: Outputs, vector: Float64Array) =>
      createDamageModel<F>({
        perturbations: [PERTURBATIONS[0]],
        unchanged: ['float'],
        source: { kind: 'logits', outputs, shifts: [stored(vector, 'double')] },
      }).damage(new Map([['a', 'w8a8']]));
    expect(damageOf(masked, shift)).toBeCloseTo(damageOf(alone, same), 12);
  });

  it('sums outputs, and takes real values by their variance', () => {
    const outputs = outputsOf(2, [
      { kind: 'regression', classes: 2, positions: 2, variance: 4 },
      { kind: 'logits', classes: 2, values: new Float64Array(4) },
    ]);
    const shift = shiftVector(outputs, [Float64Array.from([1, 2, 3, 4]), Float64Array.from([1, 0, 0, 0])], 'a');
    const kl = 0.5 * Math.log(0.25 * (Math.E + 1) * (1 + 1 / Math.E));
    const model = createDamageModel<F>({
      perturbations: [PERTURBATIONS[0]],
      unchanged: ['float'],
      source: { kind: 'logits', outputs, shifts: [stored(shift, 'double')] },
    });
    expect(model.damage(new Map([['a', 'w8a8']]))).toBeCloseTo(30 / 2 / 4 / 2 + kl / 2, 12);
  });

  it('names what makes an output infinite', () => {
    const outputs = outputsOf(1, [{ kind: 'logits', classes: 2, values: new Float64Array(2) }]);
    const broken = () => shiftVector(outputs, [Float64Array.from([Number.NaN, 0])], 'conv1 in w4a4');
    expect(broken).toThrow('conv1 in w4a4: an output is not finite');
  });
});

describe('gram', () => {
  it('is D F D by definition', () => {
    const scene = drawn(7);
    const gram = gramOf(scene.outputs, keep(scene.vectors));
    const [{ chances, weights, width }] = scene.outputs.segments;
    const product = (k: number, l: number) => {
      let total = 0;
      for (const [at, weight] of weights.entries()) {
        for (let c = 0; c < width; c++) {
          for (let e = 0; e < width; e++) {
            const p = chances[at * width + c];
            const fisher = (c === e ? p : 0) - p * chances[at * width + e];
            total += weight * scene.vectors[k][at * width + c] * fisher * scene.vectors[l][at * width + e];
          }
        }
      }
      return total;
    };
    for (let k = 0; k < gram.size; k++)
      for (let l = 0; l < gram.size; l++) expect(entry(gram, k, l)).toBeCloseTo(product(k, l), 12);
  });

  it('is what logit shifts come to when they are small', () => {
    const scene = drawn(2, 1e-6);
    const shifts = keep(scene.vectors);
    const gram = modelOf({ kind: 'gram', gram: gramOf(scene.outputs, shifts) });
    const logits = modelOf({ kind: 'logits', outputs: scene.outputs, shifts });
    const full: Assignment<F> = new Map(ITEMS.map((item) => [item, 'w4a4']));
    expect(gram.damage(full) / logits.damage(full)).toBeCloseTo(1, 2);
  });

  it('is met by sketches within what they state', () => {
    const scene = drawn(4);
    const size = 64;
    const gram = gramOf(scene.outputs, keep(scene.vectors));
    const errors: number[] = [];
    for (let seed = 0; seed < 60; seed++) {
      const sketched = gramOfSketches(scene.vectors.map((vector) => sketchOf(scene.outputs, vector, size, seed)));
      const stated = sketchError(size, entry(gram, 1, 1), entry(gram, 3, 3), entry(gram, 1, 3));
      errors.push((entry(sketched, 1, 3) - entry(gram, 1, 3)) / stated);
    }
    const rms = Math.sqrt(errors.reduce((total, error) => total + error * error, 0) / errors.length);
    expect(rms).toBeLessThan(1.5);
    expect(Math.abs(errors.reduce((a, b) => a + b, 0) / errors.length)).toBeLessThan(0.5);
  });
});

describe('pairs', () => {
  const alone = PERTURBATIONS.map((_, k) => 0.1 + k / 50);

  it('gives back the losses that it was made from', () => {
    const pairs = pairsOf(PERTURBATIONS).map((pair, at) => ({ pair, loss: 0.5 + at / 30 }));
    const model = modelOf({
      kind: 'pairs',
      atRest: 0.05,
      alone: alone.map((loss) => loss + 0.05),
      pairs,
      missing: 'zero',
      seed: 0,
    });
    for (const { pair, loss } of pairs) {
      const assignment = new Map(pair.map((k) => [PERTURBATIONS[k].item, PERTURBATIONS[k].format]));
      expect(model.damage(assignment)).toBeCloseTo(loss - 0.05, 9);
    }
  });

  it('predicts pairs that were left out where interactions have low rank', () => {
    const source = random(5);
    const list = Array.from({ length: 30 }, (_, k): Perturbation<F> => ({ item: `u${k}`, format: 'w8a8' }));
    const own = list.map(() => 0.2 + source.uniform());
    const direction = list.map(() => source.uniform() * 2 - 1);
    const interaction = (k: number, l: number) => 2 * Math.sqrt(own[k] * own[l]) * direction[k] * direction[l];
    const measured = pairsWithin(list, own, 220, 1);
    const model = createDamageModel<F>({
      perturbations: list,
      unchanged: ['float'],
      source: {
        kind: 'pairs',
        atRest: 0,
        alone: own,
        missing: 'low-rank',
        seed: 1,
        pairs: measured.map((pair) => ({ pair, loss: own[pair[0]] + own[pair[1]] + interaction(...pair) })),
      },
    });
    const known = new Set(measured.map((pair) => pair.join()));
    const errors = pairsOf(list)
      .filter((pair) => !known.has(pair.join()))
      .map(([k, l]) => {
        const both = new Map([k, l].map((n) => [list[n].item, list[n].format]));
        return Math.abs(model.damage(both) - own[k] - own[l] - interaction(k, l));
      });
    expect(errors.length).toBeGreaterThan(100);
    expect(errors.reduce((a, b) => a + b, 0) / errors.length).toBeLessThan(0.1);
  });

  it('keeps to its budget and never pairs an item with itself', () => {
    const pairs = pairsWithin(PERTURBATIONS, alone, 11, 3);
    expect(new Set(pairs.map((pair) => pair.join())).size).toBe(11);
    for (const [k, l] of pairs) expect(PERTURBATIONS[k].item).not.toBe(PERTURBATIONS[l].item);
    expect(pairsWithin(PERTURBATIONS, alone, 11, 3)).toEqual(pairs);
  });
});
