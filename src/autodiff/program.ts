import type { DType } from '../kernel/dtype.js';
import type { Tensor } from '../kernel/tensor.js';
import type { Params, Primitive } from './primitives.js';

export interface TermType {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** A value of a program: an input, a constant or the output of an equation. */
export interface Term extends TermType {
  readonly name: string;
}

export interface EquationOf<P extends Primitive> {
  readonly op: P;
  readonly params: Params[P];
  readonly inputs: readonly Term[];
  readonly outputs: readonly Term[];
  /** The node of the model that it comes from. */
  readonly origin: string;
}

export type Equation = { readonly [P in Primitive]: EquationOf<P> }[Primitive];

/**
 * A model in primitives with every shape fixed. Equations stand in an order in which they can run; names are unique.
 */
export interface Program {
  readonly inputs: readonly Term[];
  /** Output name -> term. */
  readonly outputs: ReadonlyMap<string, Term>;
  /** Weights and other constants, by term name. */
  readonly constants: ReadonlyMap<string, Tensor>;
  readonly equations: readonly Equation[];
  /** The terms of the model's values that exist here, by the model's names; weights included. */
  readonly values: ReadonlyMap<string, Term>;
}

export function sameType(a: TermType, b: TermType): boolean {
  return a.dtype === b.dtype && a.shape.length === b.shape.length && a.shape.every((dim, i) => dim === b.shape[i]);
}

/** Whether values of this type can be differentiated by. */
export function isFloat(dtype: DType): boolean {
  return dtype.includes('float');
}

export function printType({ dtype, shape }: TermType): string {
  return `${dtype}[${shape.join(',')}]`;
}
