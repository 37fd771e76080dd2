import type { Builder } from '../builder.js';
import type { Params, Primitive } from '../primitives.js';
import type { Term } from '../program.js';

/** A tangent or cotangent; undefined where it is 0. */
export type MaybeTerm = Term | undefined;

export interface JvpSite<P extends Primitive> {
  readonly b: Builder;
  readonly params: Params[P];
  /** Inputs. */
  readonly x: readonly Term[];
  /** Outputs. */
  readonly y: readonly Term[];
  /** Tangents of the inputs; at least one is there. */
  readonly t: readonly MaybeTerm[];
}

/** Tangents of the outputs, of their shapes, linear in the tangents of the inputs. */
export type JvpRule<P extends Primitive> = (site: JvpSite<P>) => readonly MaybeTerm[];

export type JvpTable<P extends Primitive> = { readonly [Q in P]: JvpRule<Q> };
