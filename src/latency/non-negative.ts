/** A matrix by rows. */
export type Rows = readonly (readonly number[])[];

/**
 * The x >= 0 that minimises |A x - b|, by the active set method of Lawson and Hanson (Solving Least Squares Problems,
 * 1974, chapter 23). For few unknowns: each step solves normal equations.
 */
export function nonNegativeLeastSquares(a: Rows, b: readonly number[]): readonly number[] {
  const count = a[0]?.length ?? 0;
  let x: readonly number[] = new Array<number>(count).fill(0);
  const passive = new Set<number>();
  for (let step = 0; step < 3 * count; step++) {
    const entering = steepest(a, residual(a, x, b), passive, count);
    if (entering === undefined) break;
    passive.add(entering);
    x = settle(a, b, x, passive);
  }
  return x;
}

/** Relative to the largest product that rounding could leave. */
const TOLERANCE = 1e-12;

/** The unknown at 0 whose increase lowers the error fastest; nothing at the optimum. */
function steepest(a: Rows, left: readonly number[], passive: ReadonlySet<number>, count: number): number | undefined {
  let best: number | undefined;
  let most = 0;
  for (let j = 0; j < count; j++) {
    if (passive.has(j)) continue;
    const slope = a.reduce((total, row, i) => total + row[j] * left[i], 0);
    const scale = a.reduce((total, row, i) => total + Math.abs(row[j] * left[i]), 0);
    if (slope > most && slope > TOLERANCE * scale) [best, most] = [j, slope];
  }
  return best;
}

/** Solves for the passive unknowns; whoever would turn negative on the way stops at 0 and leaves. */
function settle(a: Rows, b: readonly number[], from: readonly number[], passive: Set<number>): readonly number[] {
  let x = from;
  for (;;) {
    const solved = unconstrained(a, b, passive, x.length);
    const blocked = [...passive].filter((j) => solved[j] <= 0);
    if (blocked.length === 0) return solved;
    const shares = blocked.map((j) => (x[j] === 0 ? 0 : x[j] / (x[j] - solved[j])));
    const share = Math.min(...shares);
    const left = blocked.filter((_, i) => shares[i] === share);
    x = x.map((value, j) => (left.includes(j) ? 0 : value + share * (solved[j] - value)));
    for (const j of left) passive.delete(j);
  }
}

/** Least squares in some unknowns, the others 0: their normal equations. */
function unconstrained(a: Rows, b: readonly number[], passive: ReadonlySet<number>, count: number): readonly number[] {
  const columns = [...passive];
  const equations = columns.map((j) => [
    ...columns.map((k) => a.reduce((total, row) => total + row[j] * row[k], 0)),
    a.reduce((total, row, i) => total + row[j] * b[i], 0),
  ]);
  const solved = eliminate(equations);
  const x = new Array<number>(count).fill(0);
  columns.forEach((j, k) => {
    x[j] = solved[k];
  });
  return x;
}

/** Gauss-Jordan with row pivots on an augmented matrix; a column without a pivot gets 0. */
function eliminate(matrix: number[][]): readonly number[] {
  const size = matrix.length;
  for (let column = 0; column < size; column++) {
    const pivot = largestBelow(matrix, column);
    [matrix[column], matrix[pivot]] = [matrix[pivot], matrix[column]];
    const head = matrix[column][column];
    if (Math.abs(head) < Number.MIN_VALUE * 2 ** 60) continue;
    for (let row = 0; row < size; row++) {
      const factor = row === column ? 0 : matrix[row][column] / head;
      if (factor !== 0) for (let k = column; k <= size; k++) matrix[row][k] -= factor * matrix[column][k];
    }
  }
  return matrix.map((row, i) => (row[i] === 0 ? 0 : row[size] / row[i]));
}

function largestBelow(matrix: Rows, column: number): number {
  let best = column;
  for (let row = column + 1; row < matrix.length; row++) {
    if (Math.abs(matrix[row][column]) > Math.abs(matrix[best][column])) best = row;
  }
  return best;
}

function residual(a: Rows, x: readonly number[], b: readonly number[]): readonly number[] {
  return a.map((row, i) => b[i] - row.reduce((total, value, j) => total + value * x[j], 0));
}
