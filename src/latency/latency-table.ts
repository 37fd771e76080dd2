import type { Format } from '../quantize/formats.js';
import { shapeKey, type UnitShape } from './unit-shape.js';

/** What a unit of one shape takes in one format. */
export interface TableRow {
  readonly shape: UnitShape;
  readonly format: Format;
  readonly milliseconds: number;
}

/** The time of a shape in a format; nothing where no row says. */
export type LatencyTable = (shape: UnitShape, format: Format) => number | undefined;

export function latencyTable(rows: readonly TableRow[]): LatencyTable {
  const times = new Map(rows.map(({ shape, format, milliseconds }) => [rowKey(shape, format), milliseconds]));
  return (shape, format) => times.get(rowKey(shape, format));
}

/** Equal for rows that say the time of the same thing. */
export function rowKey(shape: UnitShape, format: Format): string {
  return `${shapeKey(shape)} ${format}`;
}
