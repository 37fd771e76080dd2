import type { Params, Primitive } from '../primitives.js';
import type { Term } from '../program.js';
import type { NodeWriter } from './node-writer.js';

export interface WriteSite<P extends Primitive> {
  readonly w: NodeWriter;
  readonly params: Params[P];
  /** Names of the inputs' values. */
  readonly x: readonly string[];
  readonly inputs: readonly Term[];
  readonly outputs: readonly Term[];
  /** Names that the last node's outputs shall have, '' where nothing reads one. */
  readonly y: readonly string[];
}

/** Writes the nodes that compute an equation; the last ones make the values named `y`. */
export type WriteRule<P extends Primitive> = (site: WriteSite<P>) => void;

export type WriteTable<P extends Primitive> = { readonly [Q in P]: WriteRule<Q> };
