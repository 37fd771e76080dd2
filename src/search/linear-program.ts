/** Minimise cost . x + offset, within the bounds of columns and rows; integer columns take whole values. */
export interface LinearProgram {
  readonly offset: number;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

export interface Column {
  readonly cost: number;
  readonly lower: number;
  readonly upper: number;
  readonly integer: boolean;
}

/** lower <= the sum of value * column <= upper; a missing bound is infinite. */
export interface Row {
  readonly entries: ReadonlyMap<number, number>;
  readonly lower?: number;
  readonly upper?: number;
}

/** A linear expression in columns. */
export interface Linear {
  readonly constant: number;
  readonly entries: ReadonlyMap<number, number>;
}

export function constant(value: number): Linear {
  return { constant: value, entries: new Map() };
}

export function variable(column: number): Linear {
  return { constant: 0, entries: new Map([[column, 1]]) };
}

/** The sum of factor * expression; entries that cancel are dropped. */
export function sum(parts: readonly (readonly [factor: number, linear: Linear])[]): Linear {
  let total = 0;
  const entries = new Map<number, number>();
  for (const [factor, linear] of parts) {
    total += factor * linear.constant;
    for (const [column, value] of linear.entries) entries.set(column, (entries.get(column) ?? 0) + factor * value);
  }
  for (const [column, value] of entries) if (value === 0) entries.delete(column);
  return { constant: total, entries };
}

/** The row that keeps an expression at or below 0. */
export function atMostZero(linear: Linear): Row {
  return { entries: linear.entries, upper: -linear.constant };
}
