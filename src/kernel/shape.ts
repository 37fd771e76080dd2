/** A dimension: known, named (`batch`), or unknown. */
export type Dim = number | string | null;
export type Shape = readonly Dim[];

/** Number of elements of a tensor; 1 for a scalar. */
export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((size, dim) => size * dim, 1);
}

export function isStatic(shape: Shape): shape is readonly number[] {
  return shape.every((dim) => typeof dim === 'number');
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

/** `[N,3,224,224]`, with `?` for an unknown dimension. */
export function printShape(shape: Shape): string {
  return `[${shape.map((dim) => dim ?? '?').join(',')}]`;
}
