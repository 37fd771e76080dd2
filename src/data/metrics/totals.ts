import type { Row } from '../metric.js';

/** The value of a `proportion`: the mean of the rows' first numbers. */
export function meanOfRows(rows: readonly Row[]): number {
  return columnSum(rows, 0) / rows.length;
}

/** The value of a `mean`: sum over weight. */
export function ratioOfTotals(rows: readonly Row[]): number {
  return columnSum(rows, 0) / columnSum(rows, 1);
}

export function columnSum(rows: readonly Row[], column: number): number {
  let total = 0;
  for (const row of rows) total += row[column];
  return total;
}
