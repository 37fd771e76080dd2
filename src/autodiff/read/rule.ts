import { intAttribute, intsAttribute } from '../../graph/attributes.js';
import type { Node } from '../../graph/model.js';
import type { DType } from '../../kernel/dtype.js';
import { fromNumbers } from '../../kernel/tensor.js';
import type { Builder } from '../builder.js';
import type { Term, TermType } from '../program.js';

/** A node at opset 21 with all shapes known. */
export interface ReadSite {
  readonly b: Builder;
  readonly node: Node;
  /** The inputs up to the first that is left out. */
  readonly inputs: readonly Term[];
  /** Types of the outputs; undefined for one that is left out. */
  readonly outputs: readonly (TermType | undefined)[];
  /** An input that may be left out. */
  optional(position: number): Term | undefined;
  /** The elements of an input, where they are the same in every run. */
  numbers(position: number): readonly number[] | undefined;
}

/**
 * Writes a node in primitives and gives its outputs. Undefined, or an output that is read and missing, means that this
 * form of the node has no reading: it is then carried along as it is.
 */
export type ReadRule = (site: ReadSite) => readonly Term[] | undefined;

/** One family of operators. */
export type ReadRules = Readonly<Record<string, ReadRule>>;

export function fromFront(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** The attribute `axis`, counted from the front. */
export function axisOf(node: Node, fallback: number, rank: number): number {
  return fromFront(intAttribute(node, 'axis', fallback), rank);
}

/** Axes given as an input or, in some operators, as an attribute; undefined where neither is there. */
export function axesOf(site: ReadSite, position: number): readonly number[] | undefined {
  const rank = site.inputs[0].shape.length;
  const stated = site.numbers(position) ?? intsAttribute(site.node, 'axes');
  return stated?.map((axis) => fromFront(axis, rank));
}

/** The shape of the node's first output. */
export function shapeOf({ node, outputs: [output] }: ReadSite): readonly number[] {
  if (!output) throw new RangeError(`${node.name} has no output`);
  return output.shape;
}

export function constantOf(b: Builder, dtype: DType, dims: readonly number[], values: ArrayLike<number>): Term {
  if (dtype === 'string') throw new TypeError(`a ${dtype} is no number`);
  return b.constant(fromNumbers(dtype, dims, values));
}

/** A term of one dimension seen along `axis` of a tensor of this rank. */
export function along(axis: number, rank: number, length: number): readonly number[] {
  return Array.from({ length: rank }, (_, i) => (i === axis ? length : 1));
}

export function range(length: number, start = 0): readonly number[] {
  return Array.from({ length }, (_, i) => start + i);
}
