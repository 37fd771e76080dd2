import type { Builder } from '../builder.js';
import type { MaybeTerm } from '../jvp/rule.js';
import type { Params, Primitive } from '../primitives.js';
import type { Term } from '../program.js';

export interface TransposeSite<P extends Primitive> {
  readonly b: Builder;
  readonly params: Params[P];
  readonly x: readonly Term[];
  readonly y: readonly Term[];
  /** Which inputs the operator is read as a linear function of; the others are coefficients. */
  readonly linear: readonly boolean[];
  /** Cotangent of the first output. */
  readonly ct: Term;
}

/** Cotangents of the inputs, of their shapes; only those of linear inputs are asked for. */
export type TransposeRule<P extends Primitive> = (site: TransposeSite<P>) => readonly MaybeTerm[];

/** `never-linear`: no tangent reaches the operator, since no derivative rule emits it on one. */
export type TransposeTable<P extends Primitive> = { readonly [Q in P]: TransposeRule<Q> | 'never-linear' };
