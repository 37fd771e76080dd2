import type { Format } from '../quantize/formats.js';
import type { TargetRules } from '../quantize/rules.js';
import type { UnitOp } from '../quantize/unit.js';

/** Where a model will run: which formats each operator may take there, fastest last, and how they are emitted. Plain data. */
export interface Target extends TargetRules {
  readonly name: string;
  readonly runtime: string;
  readonly provider: string;
  /** Only formats that run faster there than their neighbour: the search goes down this list. */
  readonly ladder: Readonly<Record<UnitOp, readonly Format[]>>;
  /** The ladder of products of two activations, such as attention scores. */
  readonly products: readonly Format[];
  /** Formats that can be emitted there for size or study though they win no time. */
  readonly emulated: readonly Format[];
}
