import type { Format } from './formats.js';

export type UnitOp = 'Conv' | 'ConvTranspose' | 'Gemm' | 'MatMul';

/** An operator with a weight or a matrix product: what a plan gives a format. */
export interface Unit {
  /** The node's name in the simplified graph; traceable to the original's. */
  readonly name: string;
  readonly op: UnitOp;
  /** Value that carries the activation in, and a second one for activation x activation products. */
  readonly inputs: readonly string[];
  /** Initializer that holds the weight; none for a product of two activations. */
  readonly weight?: string;
  /** Axis of the weight that counts output channels; none where one scale covers the weight. */
  readonly channelAxis?: number;
  readonly bias?: string;
  readonly output: string;
  /** Units that share a weight must share a format: they bear the same group name. */
  readonly group: string;
  /** Elements of the weight; 0 where there is none. */
  readonly parameters: number;
  /** Formats that this operator, with these attributes and shapes, cannot take anywhere, and why. */
  readonly limits?: Readonly<Partial<Record<Format, string>>>;
}

export function isUnitOp(op: string): op is UnitOp {
  return op === 'Conv' || op === 'ConvTranspose' || op === 'Gemm' || op === 'MatMul';
}
