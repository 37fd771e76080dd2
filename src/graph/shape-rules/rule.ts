import type { DType } from '../../kernel/dtype.js';
import type { Dim, Shape } from '../../kernel/shape.js';
import { intAttribute } from '../attributes.js';
import type { Node } from '../model.js';

/** What is known of a tensor before the model runs. */
export interface Known {
  readonly dtype?: DType;
  readonly shape?: Shape;
  /** The elements of a small numeric tensor, row major, where they are known: names stand for dimensions. */
  readonly contents?: readonly Dim[];
}

/** A node with what is known of its inputs. */
export interface Site {
  readonly node: Node;
  readonly opset: number;
  /** `{}` for an input that nothing is known of; undefined for one that is left out. */
  readonly inputs: readonly (Known | undefined)[];
}

/** What is known of each output. A rule never fails: of what it cannot tell it says nothing. */
export type ShapeRule = (site: Site) => readonly Known[];

/** One family of operators. */
export type ShapeRules = Readonly<Record<string, ShapeRule>>;

export function known(dtype: DType | undefined, shape?: Shape, contents?: readonly Dim[]): Known {
  return { ...(dtype && { dtype }), ...(shape && { shape }), ...(contents && { contents }) };
}

export function input(site: Site, position: number): Known {
  return site.inputs[position] ?? {};
}

/** An axis counted from the front; undefined where it lies outside. */
export function normalAxis(axis: number, rank: number): number | undefined {
  const normal = axis < 0 ? axis + rank : axis;
  return normal >= 0 && normal < rank ? normal : undefined;
}

export function axisOf(site: Site, fallback: number, rank: number): number | undefined {
  return normalAxis(intAttribute(site.node, 'axis', fallback), rank);
}

/** A list that is an attribute in old opsets and an input in new ones; undefined where it is absent or not known. */
export function numbersOf(site: Site, position: number, attribute: readonly number[] | undefined) {
  if (attribute) return attribute;
  const contents = site.inputs[position]?.contents;
  return contents?.every((item) => typeof item === 'number') ? contents : undefined;
}

/** Rank known, dimensions not. */
export function unknownShape(rank: number): Shape {
  return new Array<Dim>(rank).fill(null);
}
