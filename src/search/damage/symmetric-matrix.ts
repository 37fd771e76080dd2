/** A symmetric matrix, whole, row by row. */
export interface SymmetricMatrix {
  readonly size: number;
  readonly values: Float64Array;
}

export function entry({ size, values }: SymmetricMatrix, row: number, column: number): number {
  return values[row * size + column];
}

/** The symmetric matrix whose entries on and below the diagonal are given. */
export function symmetric(size: number, value: (row: number, column: number) => number): SymmetricMatrix {
  const values = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) {
      values[row * size + column] = value(row, column);
      values[column * size + row] = values[row * size + column];
    }
  }
  return { size, values };
}

/** The matrix with `shift` added to its diagonal. */
export function shifted(matrix: SymmetricMatrix, shift: number): SymmetricMatrix {
  return symmetric(matrix.size, (k, l) => entry(matrix, k, l) + (k === l ? shift : 0));
}

export function scalarProduct(a: Float64Array, b: Float64Array): number {
  let total = 0;
  for (let at = 0; at < a.length; at++) total += a[at] * b[at];
  return total;
}

/** The lower triangle L of matrix = L L' (Cholesky), row by row; nothing unless the matrix is positive definite. */
export function choleskyFactor({ size, values }: SymmetricMatrix): Float64Array | undefined {
  const factor = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) {
      let rest = values[row * size + column];
      for (let k = 0; k < column; k++) rest -= factor[row * size + k] * factor[column * size + k];
      if (row === column && !(rest > 0)) return undefined;
      factor[row * size + column] = row === column ? Math.sqrt(rest) : rest / factor[column * size + column];
    }
  }
  return factor;
}

/** The x with L L' x = right. */
export function solveFactored(factor: Float64Array, right: Float64Array): Float64Array {
  const size = right.length;
  const x = right.slice();
  for (let row = 0; row < size; row++) {
    for (let k = 0; k < row; k++) x[row] -= factor[row * size + k] * x[k];
    x[row] /= factor[row * size + row];
  }
  for (let row = size - 1; row >= 0; row--) {
    for (let k = row + 1; k < size; k++) x[row] -= factor[k * size + row] * x[k];
    x[row] /= factor[row * size + row];
  }
  return x;
}
