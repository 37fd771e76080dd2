/** Count, mean and sum of squared deviations of a stream of numbers; two of them merge exactly (Chan et al., 1979). */
export interface Moments {
  readonly count: number;
  readonly mean: number;
  readonly squares: number;
}

export const NO_MOMENTS: Moments = { count: 0, mean: 0, squares: 0 };

export function momentsOf(values: ArrayLike<number>): Moments {
  let mean = 0;
  for (let i = 0; i < values.length; i++) mean += values[i] / values.length;
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i] - mean) ** 2;
  return { count: values.length, mean, squares };
}

export function mergeMoments(a: Moments, b: Moments): Moments {
  const count = a.count + b.count;
  if (count === 0) return NO_MOMENTS;
  const shift = b.mean - a.mean;
  return {
    count,
    mean: a.mean + (shift * b.count) / count,
    squares: a.squares + b.squares + (shift * shift * a.count * b.count) / count,
  };
}

/** Population variance; of an output that never varies the square of its value, or 1 for a constant 0. */
export function spreadOf({ count, mean, squares }: Moments): number {
  return squares > 0 ? squares / count : mean * mean || 1;
}
