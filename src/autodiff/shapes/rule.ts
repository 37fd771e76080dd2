import type { Params, Primitive } from '../primitives.js';
import type { TermType } from '../program.js';

/** Types of the outputs. Throws a RangeError for inputs that do not fit together: that is a rule's mistake. */
export type ShapeRule<P extends Primitive> = (inputs: readonly TermType[], params: Params[P]) => readonly TermType[];

export type ShapeTable<P extends Primitive> = { readonly [Q in P]: ShapeRule<Q> };
