import type { Format } from '../quantize/formats.js';
import type { TargetRules } from '../quantize/rules.js';
import type { UnitOp } from '../quantize/unit.js';
import type { TableRow } from './latency-table.js';

/** Where a model will run: which formats each operator may take there, fastest last, and how they are emitted. Plain data. */
export interface Target extends TargetRules {
  /** What `loadTarget` finds it by: a shipped name, or the file as it was given. */
  readonly name: string;
  /** One sentence for people. */
  readonly says: string;
  readonly runtime: string;
  readonly provider: string;
  /** What other formats are compared with there, and the first of every ladder. */
  readonly baseline: Format;
  /** Only formats that run faster there than their neighbour: the search goes down this list. */
  readonly ladder: Readonly<Record<UnitOp, readonly Format[]>>;
  /** The ladder of products of two activations, such as attention scores. */
  readonly products: readonly Format[];
  readonly costs: Costs;
  readonly origin: Origin;
}

/**
 * Where a target's times come from. `measured`: on the machine that bitloom runs on. `roofline`: from rates and bandwidth.
 * `table`: from rows of single units. `none`: nobody has measured it, so operations or bytes are counted.
 */
export type Costs =
  | { readonly source: 'measured' }
  | ({ readonly source: 'roofline' } & Roofline)
  | { readonly source: 'table'; readonly rows: readonly TableRow[] }
  | { readonly source: 'none'; readonly count: 'macs' | 'bytes'; readonly says: string };

export interface Roofline {
  /** Operations a second in each format; a multiply-accumulate is two. */
  readonly rates: Readonly<Partial<Record<Format, number>>>;
  /** Bytes a second between memory and processor. */
  readonly bandwidth: number;
  /** Seconds that every operator costs beside its work. */
  readonly launch: number;
  /** Width at which values move that no format stores as integers: 32, or 16 where all floats are half. */
  readonly floatBits: 16 | 32;
}

/** Who says what stands in a target. */
export interface Origin {
  /** `measured` with a command, `published` by the maker, or `assumed` for a device that stands for many. */
  readonly kind: 'measured' | 'published' | 'assumed';
  /** Of the measurement, or of the day on which the sources were read. */
  readonly date: string;
  readonly processor: string;
  readonly command?: string;
  readonly versions?: Readonly<Record<string, string>>;
  /** |predicted / measured - 1| on plans that no cost was fitted to. */
  readonly heldOutError?: { readonly median: number; readonly p95: number };
  readonly sources?: readonly string[];
}

/** What a latency on this target must be called wherever it is shown: only what ran where it will be served is measured. */
export function latencyLabel({ costs }: Pick<Target, 'costs'>): 'measured' | 'estimated' {
  return costs.source === 'measured' ? 'measured' : 'estimated';
}
