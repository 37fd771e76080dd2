import { mean } from './statistics.js';

/** Spearman's rank correlation; NaN where one side does not vary or has a NaN. */
export function spearman(a: readonly number[], b: readonly number[]): number {
  if (a.some(Number.isNaN) || b.some(Number.isNaN)) return Number.NaN;
  return correlation(ranks(a), ranks(b));
}

/**
 * Kendall's tau-b: pairs in the same order less pairs in the opposite one, over the geometric mean of the pairs that each
 * side tells apart (Kendall, "The treatment of ties in ranking problems", 1945). NaN where one side does not vary or has a
 * NaN.
 */
export function kendall(a: readonly number[], b: readonly number[]): number {
  let [agreement, apartInA, apartInB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < i; j++) {
      const [orderInA, orderInB] = [order(a[i], a[j]), order(b[i], b[j])];
      agreement += orderInA * orderInB;
      apartInA += Math.abs(orderInA);
      apartInB += Math.abs(orderInB);
    }
  }
  return agreement / Math.sqrt(apartInA * apartInB);
}

/** -1, 0 or 1; infinities are equal to themselves. */
function order(x: number, y: number): number {
  return x === y ? 0 : Math.sign(x - y);
}

/** Positions in sorted order; equal values share the mean of theirs. */
export function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  const result: number[] = new Array(values.length).fill(0);
  for (let first = 0; first < order.length; ) {
    let last = first;
    while (last + 1 < order.length && values[order[last + 1]] === values[order[first]]) last++;
    for (let i = first; i <= last; i++) result[order[i]] = (first + last) / 2;
    first = last + 1;
  }
  return result;
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += (a[i] - ma) * (b[i] - mb);
    aa += (a[i] - ma) ** 2;
    bb += (b[i] - mb) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}
