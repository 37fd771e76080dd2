import fc from 'fast-check';
import type { CostModel, Gate } from '../../src/search/cost-model.js';
import { additive } from '../../src/search/damage-model.js';
import type { Problem } from '../../src/search/problem.js';
import type { Assignment } from '../../src/search/space.js';

export const FORMATS = ['float', 'w8a8', 'w4'] as const;
export type ProblemFormat = (typeof FORMATS)[number];
export type SmallProblem = Problem<ProblemFormat>;

/** Costs and damages are whole 64ths, so that sums are exact in any order. */
const UNIT = 64;
const sixtyFourths = (min: number, max: number) => fc.integer({ min, max }).map((value) => value / UNIT);

function gateAt(items: number, before: number): fc.Arbitrary<Gate<ProblemFormat>> {
  const formats = fc.subarray([...FORMATS], { minLength: 0, maxLength: 2 });
  const is = fc.record({ is: fc.nat({ max: items - 1 }).map((at) => `unit${at}`), formats });
  if (before === 0) return is;
  const inputs = fc.array(fc.nat({ max: before - 1 }), { minLength: 0, maxLength: 4 });
  return fc.oneof(
    is,
    fc.record({ and: inputs }),
    fc.record({ or: inputs }),
    fc.record({ not: fc.nat({ max: before - 1 }) }),
  );
}

function costModel(items: number): fc.Arbitrary<CostModel<ProblemFormat>> {
  const costs = fc.record({ float: sixtyFourths(0, 99), w8a8: sixtyFourths(0, 99), w4: sixtyFourths(0, 99) });
  const gates = fc
    .nat({ max: 14 })
    .chain((count) => fc.tuple(...Array.from({ length: count }, (_, at) => gateAt(items, at))));
  return fc
    .tuple(sixtyFourths(-9, 99), fc.array(costs, { minLength: items, maxLength: items }), gates)
    .chain(([base, own, made]) => {
      const term = fc.record({ gate: fc.nat({ max: Math.max(0, made.length - 1) }), cost: sixtyFourths(-60, 60) });
      const named = own.map((one, at) => ({ name: `unit${at}`, costs: one }));
      return fc
        .array(term, { maxLength: made.length === 0 ? 0 : 8 })
        .map((terms) => ({ base, items: named, gates: made, terms }));
    });
}

/** Problems small enough to enumerate: random circuits, ladders of one to three formats, damage that adds. */
export const smallProblem: fc.Arbitrary<SmallProblem> = fc.integer({ min: 1, max: 6 }).chain((items) =>
  fc
    .record({
      cost: costModel(items),
      ladders: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: items, maxLength: items }),
      damages: fc.array(fc.tuple(sixtyFourths(0, 64), sixtyFourths(0, 200)), { minLength: items, maxLength: items }),
    })
    .map(({ cost, ladders, damages }) => ({
      cost,
      ladder: (item: string) => FORMATS.slice(0, ladders[positionOf(item)]),
      damage: additive(
        (item: string, format: ProblemFormat) => [0, ...damages[positionOf(item)]][FORMATS.indexOf(format)],
      ),
    })),
);

export const damageBound = sixtyFourths(0, 400);

export function positionOf(item: string): number {
  return Number(item.slice('unit'.length));
}

/** Every assignment of a problem. */
export function enumerate({ cost, ladder }: SmallProblem): readonly Assignment<ProblemFormat>[] {
  let all: readonly (readonly (readonly [string, ProblemFormat])[])[] = [[]];
  for (const { name } of cost.items) {
    all = all.flatMap((some) => ladder(name).map((format) => [...some, [name, format] as const]));
  }
  return all.map((entries) => new Map(entries));
}

/** The least cost with damage <= atMost, by enumeration; infinite when there is none. */
export function leastCost(
  problem: SmallProblem,
  atMost: number,
  costOf: (assignment: Assignment<ProblemFormat>) => number,
): number {
  const within = enumerate(problem).filter((assignment) => problem.damage.damage(assignment) <= atMost);
  return Math.min(...within.map(costOf));
}
