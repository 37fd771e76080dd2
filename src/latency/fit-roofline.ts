import { median } from '../kernel/statistics.js';
import type { Format } from '../quantize/formats.js';
import type { TableRow } from './latency-table.js';
import { rooflineTime } from './roofline.js';
import type { Roofline } from './target.js';
import { bytesMoved, macsOf } from './unit-shape.js';

export interface FittedRoofline {
  readonly roofline: Roofline;
  /** Median of |fitted / given - 1| over the rows. */
  readonly error: number;
}

/**
 * The roofline that goes through a table's rows best: mean squared logarithm of fitted / given. It starts from the rates
 * that some row reaches, and moves one parameter at a time by a factor that shrinks until nothing wins.
 */
export function fitRoofline(rows: readonly TableRow[], floatBits: Roofline['floatBits']): FittedRoofline {
  let best = firstGuess(rows, floatBits);
  let loss = lossOf(best, rows);
  for (let step = 2; step > 1.001; ) {
    const moved = moves(best, step)
      .map((roofline) => ({ roofline, loss: lossOf(roofline, rows) }))
      .reduce((a, b) => (b.loss < a.loss ? b : a));
    if (moved.loss < loss * (1 - 1e-9)) {
      best = moved.roofline;
      loss = moved.loss;
    } else step = Math.sqrt(step);
  }
  return { roofline: best, error: median(rows.map((row) => Math.abs(fitted(best, row) / row.milliseconds - 1))) };
}

function firstGuess(rows: readonly TableRow[], floatBits: Roofline['floatBits']): Roofline {
  const formats = [...new Set(rows.map(({ format }) => format))];
  const seconds = (row: TableRow) => row.milliseconds / 1000;
  const fastest = (format: Format) =>
    Math.max(...rows.filter((row) => row.format === format).map((row) => (2 * macsOf(row.shape)) / seconds(row)));
  return {
    rates: Object.fromEntries(formats.map((format) => [format, fastest(format)])),
    bandwidth: Math.max(...rows.map((row) => bytesMoved(row.shape, row.format, floatBits) / seconds(row))),
    launch: Math.min(...rows.map(seconds)) / 10,
    floatBits,
  };
}

function moves(roofline: Roofline, step: number): readonly Roofline[] {
  const { rates, bandwidth, launch } = roofline;
  return [step, 1 / step].flatMap((factor) => [
    { ...roofline, bandwidth: bandwidth * factor },
    { ...roofline, launch: launch * factor },
    ...Object.entries(rates).map(([format, rate]) => ({ ...roofline, rates: { ...rates, [format]: rate * factor } })),
  ]);
}

function lossOf(roofline: Roofline, rows: readonly TableRow[]): number {
  return rows.reduce((sum, row) => sum + Math.log(fitted(roofline, row) / row.milliseconds) ** 2, 0) / rows.length;
}

function fitted(roofline: Roofline, { shape, format }: TableRow): number {
  return rooflineTime(roofline, shape, format) ?? Number.POSITIVE_INFINITY;
}
