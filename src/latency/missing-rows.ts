import type { Format } from '../quantize/formats.js';
import { rowKey, type TableRow } from './latency-table.js';
import { shapeKey, type UnitShape } from './unit-shape.js';

/** A shape and format that a table does not say, and the units that have them. */
export interface MissingRow {
  readonly shape: string;
  readonly format: Format;
  readonly units: readonly string[];
}

/** A unit of a model, and the formats that it may take. */
export interface Wanted {
  readonly name: string;
  readonly shape: UnitShape;
  readonly formats: readonly Format[];
}

/** What a table does not say of a model's units, once for each shape and format, in the order of the units. */
export function missingRows(rows: readonly TableRow[], wanted: readonly Wanted[]): readonly MissingRow[] {
  const given = new Set(rows.map(({ shape, format }) => rowKey(shape, format)));
  const missing = new Map<string, MissingRow>();
  for (const { name, shape, formats } of wanted) {
    for (const format of formats) {
      const key = rowKey(shape, format);
      if (given.has(key)) continue;
      const units = [...(missing.get(key)?.units ?? []), name];
      missing.set(key, { shape: shapeKey(shape), format, units });
    }
  }
  return [...missing.values()];
}

/** Tells the user which rows are missing, each with its units; nothing where none is. */
export function missingRowsWarning(missing: readonly MissingRow[]): string | undefined {
  if (missing.length === 0) return undefined;
  const lines = missing.map(({ shape, format, units }) => `  ${shape} in ${format} (${units.join(', ')})`);
  const count = missing.length === 1 ? 'one row is' : `${missing.length} rows are`;
  return [`${count} missing in the latency table and estimated by a roofline through the others:`, ...lines].join('\n');
}
