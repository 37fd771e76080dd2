import type { CostModel, Gate } from './cost-model.js';

/** Larger regions than this many items are moved only as the whole model, which uniform starts do already. */
const LARGEST = 24;

/**
 * Sets of items, by position, that costs tie together: from each item outwards through the gates, one set for each
 * distance at which items join. Boundaries cost more than formats win where a single item moves alone, so a search moves
 * such sets at once.
 */
export function regionsOf<F extends string>(model: CostModel<F>): readonly (readonly number[])[] {
  const positions = new Map(model.items.map(({ name }, at) => [name, at]));
  const neighbours = adjacency(model, positions);
  const regions = new Map<string, readonly number[]>();
  for (const at of positions.values()) {
    for (const region of ballsAround(at, neighbours, model.items.length)) regions.set(region.join(), region);
  }
  return [...regions.values()];
}

/** Items come first, then gates; an edge between each gate and what it reads. */
function adjacency<F extends string>(
  { items, gates }: CostModel<F>,
  positions: ReadonlyMap<string, number>,
): readonly (readonly number[])[] {
  const edges: number[][] = [...items, ...gates].map(() => []);
  for (const [index, gate] of gates.entries()) {
    const own = items.length + index;
    for (const input of inputsOf(gate, positions, items.length)) {
      edges[own].push(input);
      edges[input].push(own);
    }
  }
  return edges;
}

function inputsOf<F extends string>(
  gate: Gate<F>,
  positions: ReadonlyMap<string, number>,
  first: number,
): readonly number[] {
  if ('is' in gate) return [positions.get(gate.is) ?? []].flat();
  if ('and' in gate) return gate.and.map((input) => first + input);
  if ('or' in gate) return gate.or.map((input) => first + input);
  return [first + gate.not];
}

/** The sets of 2 to LARGEST items within each distance of one, in order of their positions. */
function ballsAround(
  start: number,
  edges: readonly (readonly number[])[],
  items: number,
): readonly (readonly number[])[] {
  const seen = new Set([start]);
  const balls: (readonly number[])[] = [];
  let inside = [start];
  let front: readonly number[] = [start];
  while (front.length > 0) {
    front = [...new Set(front.flatMap((at) => edges[at]))].filter((at) => !seen.has(at));
    for (const at of front) seen.add(at);
    const joining = front.filter((at) => at < items);
    if (joining.length === 0) continue;
    inside = [...inside, ...joining].sort((a, b) => a - b);
    if (inside.length > LARGEST) return balls;
    balls.push(inside);
  }
  return balls;
}
