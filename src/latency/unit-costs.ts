import type { Format } from '../quantize/formats.js';
import { fitRoofline } from './fit-roofline.js';
import { type LatencyTable, latencyTable, type TableRow } from './latency-table.js';
import { boundaryTime, rooflineTime } from './roofline.js';
import type { Costs, Roofline, Target } from './target.js';
import { bytesMoved, macsOf, type UnitShape, widestOperand } from './unit-shape.js';

/**
 * What a unit costs in a format, and who says so. `roofline`: computed from rates; `counted`: no time, but work;
 * `emulated`: the target has no such kernel and runs another; `none`: it cannot run there, or nobody has measured it.
 */
export type UnitCost =
  | {
      readonly source: 'measured' | 'table' | 'roofline' | 'counted' | 'emulated';
      readonly cost: number;
      readonly note: string;
    }
  | { readonly source: 'none'; readonly note: string };

export interface UnitCosts {
  /** What costs are in; counts compare formats of one model and are no time. */
  readonly unit: 'milliseconds' | 'macs' | 'bytes';
  cost(shape: UnitShape, format: Format): UnitCost;
  /** A value of so many elements that changes its width between neighbours; nothing where only units were measured. */
  boundary(elements: number, fromBits: number, toBits: number): number | undefined;
}

export interface CostEvidence {
  /** Rows of the user's own table: they stand above everything else. */
  readonly rows?: readonly TableRow[];
  /** What was measured on this machine. */
  readonly measured?: LatencyTable;
}

/** What units cost on a target: by the user's table, by measurement, by roofline, or by count, in this order. */
export function unitCosts(target: Target, { rows = rowsOf(target.costs), measured }: CostEvidence = {}): UnitCosts {
  const table = latencyTable(rows);
  const model = modelOf(target, rows);
  return {
    unit: model.unit,
    cost(shape, format) {
      const rule = target.kernels[shape.op][format];
      if (!rule) return { source: 'none', note: target.lacks[shape.op] };
      const given = table(shape, format);
      if (given !== undefined) return { source: 'table', cost: given, note: 'a row of the latency table' };
      const seen = measured?.(shape, format);
      if (seen !== undefined) return { source: 'measured', cost: seen, note: 'measured on this machine' };
      const found = model.cost(shape, format, rule.emulated);
      if (!found) return { source: 'none', note: `nothing says what ${format} costs a ${shape.op} on ${target.name}` };
      return rule.emulated
        ? {
            ...found,
            source: 'emulated',
            note: `${target.name} has no kernel of ${format} and runs another; ${found.note}`,
          }
        : found;
    },
    boundary: model.boundary,
  };
}

/** How costs are told that nobody measured. */
interface CostModel {
  readonly unit: UnitCosts['unit'];
  cost(shape: UnitShape, format: Format, emulated: boolean): Exclude<UnitCost, { source: 'none' }> | undefined;
  readonly boundary: UnitCosts['boundary'];
}

function modelOf(target: Target, rows: readonly TableRow[]): CostModel {
  const { costs } = target;
  const published = costs.source === 'roofline' ? costs : undefined;
  if (rows.length > 0) return rooflines(interpolation(rows, published), published && byRates(published, target.name));
  if (published) return rooflines(byRates(published, target.name));
  return costs.source === 'none' ? counting(costs.count, target) : NOTHING;
}

const NOTHING: CostModel = { unit: 'milliseconds', cost: () => undefined, boundary: () => undefined };

interface Rates {
  readonly roofline: Roofline;
  readonly note: string;
}

function byRates(roofline: Roofline, name: string): Rates {
  return { roofline, note: `estimated from the rates of ${name}` };
}

function interpolation(rows: readonly TableRow[], published: Roofline | undefined): Rates {
  const { roofline, error } = fitRoofline(rows, published?.floatBits ?? 32);
  const percent = (100 * error).toPrecision(2);
  return {
    roofline,
    note: `estimated by a roofline through the ${rows.length} rows of the table (median error ${percent} %)`,
  };
}

/** The first that has a rate of the format tells. */
function rooflines(first: Rates, second?: Rates): CostModel {
  return {
    unit: 'milliseconds',
    cost(shape, format) {
      const rates = [first, ...(second ? [second] : [])].find(({ roofline }) => roofline.rates[format] !== undefined);
      const cost = rates && rooflineTime(rates.roofline, shape, format);
      return cost === undefined ? undefined : { source: 'roofline', cost, note: rates?.note ?? '' };
    },
    boundary: (elements, fromBits, toBits) => boundaryTime(first.roofline, elements, fromBits, toBits),
  };
}

/** Work by the width of its wider operand, float = 1, or bytes; what is emulated counts as the baseline. */
function counting(count: 'macs' | 'bytes', { baseline }: Target): CostModel {
  const COUNTS = {
    macs: (shape: UnitShape, format: Format) => (macsOf(shape) * widestOperand(format, 32)) / 32,
    bytes: (shape: UnitShape, format: Format) => bytesMoved(shape, format, 32),
  };
  const note = count === 'macs' ? 'multiply-accumulates by the width of their operands' : 'bytes read and written';
  return {
    unit: count,
    cost: (shape, format, emulated) => ({
      source: 'counted',
      cost: COUNTS[count](shape, emulated ? baseline : format),
      note: `not measured yet: ${note}`,
    }),
    boundary: (elements, fromBits, toBits) => (count === 'macs' ? elements : (elements * (fromBits + toBits)) / 8),
  };
}

function rowsOf(costs: Costs): readonly TableRow[] {
  return costs.source === 'table' ? costs.rows : [];
}
