/** Random plans at several mixes of formats, the same whoever asks. */
import { random, shuffled } from '../../src/kernel/random.js';
import type { Format } from '../../src/quantize/formats.js';
import type { Assignment } from '../../src/search/space.js';

/** Shares of units in each format; what is left is float. */
export interface Mix {
  readonly name: string;
  readonly shares: Readonly<Partial<Record<Format, number>>>;
}

/** From what a search at a tight floor tries to what no floor allows. */
export const MIXES: readonly Mix[] = [
  { name: 'half w8a8', shares: { w8a8: 0.5 } },
  { name: 'w8a8, 5 % w4a4', shares: { w8a8: 0.95, w4a4: 0.05 } },
  { name: 'w8a8, 20 % w4a4', shares: { w8a8: 0.8, w4a4: 0.2 } },
  { name: 'w8a8, half w4a4', shares: { w8a8: 0.5, w4a4: 0.5 } },
];

export const PLANS_PER_MIX = 16;

export interface RandomPlan {
  readonly mix: string;
  readonly assignment: Assignment<Format>;
}

/** @param formats Those that an item can take. */
export function randomPlans(
  items: readonly string[],
  formats: (item: string) => readonly Format[],
  seed = 0,
): readonly RandomPlan[] {
  const source = random(seed);
  return MIXES.flatMap(({ name, shares }) =>
    Array.from({ length: PLANS_PER_MIX }, (): RandomPlan => {
      const order = shuffled(items, source);
      const assignment = new Map<string, Format>(items.map((item) => [item, 'float']));
      let first = 0;
      // At least one unit of each format that the mix names.
      for (const [format, share] of entriesOf(shares)) {
        const count = Math.max(1, Math.round(share * items.length));
        for (const item of order.slice(first, first + count))
          if (formats(item).includes(format)) assignment.set(item, format);
        first += count;
      }
      return { mix: name, assignment };
    }),
  );
}

function entriesOf(shares: Mix['shares']): readonly (readonly [Format, number])[] {
  const formats: readonly Format[] = ['w4a4', 'w8a8'];
  return formats.flatMap((format) => {
    const share = shares[format];
    return share === undefined ? [] : [[format, share] as const];
  });
}
