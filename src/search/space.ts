/** What a search chooses: a format for each item (a unit, or units that must share one). Numbers and names only. */
export type Assignment<F extends string> = ReadonlyMap<string, F>;

export interface SearchSpace<F extends string> {
  readonly items: readonly string[];
  /** An item's formats on the target, slowest first; the first is where the search starts. */
  ladder(item: string): readonly F[];
  /** Predicted damage of one item alone in a format; the order of the search comes from it. */
  score(item: string, format: F): number;
}

/** Whether an assignment holds the floor, measured. */
export type Holds<F extends string> = (assignment: Assignment<F>) => Promise<boolean>;

export interface SearchResult<F extends string> {
  readonly assignment: Assignment<F>;
  /** Why the search ended where it did, for the report. */
  readonly reason: string;
}

export type Search = <F extends string>(space: SearchSpace<F>, holds: Holds<F>) => Promise<SearchResult<F>>;

/** Every item at the start of its ladder. */
export function startOf<F extends string>(space: SearchSpace<F>): Assignment<F> {
  return new Map(space.items.map((item) => [item, space.ladder(item)[0]]));
}

/** Every item at the end of its ladder. */
export function endOf<F extends string>(space: SearchSpace<F>): Assignment<F> {
  return new Map(space.items.map((item) => [item, space.ladder(item)[space.ladder(item).length - 1]]));
}

/** Steps down the longest ladder. */
export function depthOf<F extends string>(space: SearchSpace<F>): number {
  return Math.max(0, ...space.items.map((item) => space.ladder(item).length - 1));
}

/** Items that can go from step `level - 1` of their ladder to `level`, least sensitive first, ties by name. */
export function orderAt<F extends string>(
  space: SearchSpace<F>,
  level: number,
  from: Assignment<F>,
): readonly string[] {
  const movable = space.items.filter((item) => {
    const ladder = space.ladder(item);
    return level < ladder.length && from.get(item) === ladder[level - 1];
  });
  const score = (item: string) => space.score(item, space.ladder(item)[level]);
  return movable.sort((a, b) => score(a) - score(b) || (a < b ? -1 : 1));
}

/** `from` with the given items moved to step `level` of their ladders. */
export function lowered<F extends string>(
  space: SearchSpace<F>,
  from: Assignment<F>,
  items: readonly string[],
  level: number,
): Assignment<F> {
  const next = new Map(from);
  for (const item of items) next.set(item, space.ladder(item)[level]);
  return next;
}

/**
 * The formats of a ladder worth trying: one that a faster format beats or equals in its score costs time for nothing,
 * and would bar the way to the faster one when it fails. The start always stays.
 */
export function usefulLadder<F extends string>(ladder: readonly F[], score: (format: F) => number): readonly F[] {
  const useful: F[] = [];
  let least = Number.POSITIVE_INFINITY;
  for (const format of ladder.slice(1).reverse()) {
    if (score(format) >= least) continue;
    least = score(format);
    useful.unshift(format);
  }
  return [...ladder.slice(0, 1), ...useful];
}
