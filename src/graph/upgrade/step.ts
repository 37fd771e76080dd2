import type { DType } from '../../kernel/dtype.js';
import type { Shape } from '../../kernel/shape.js';
import { fromNumbers, ints, type Tensor } from '../../kernel/tensor.js';
import { type AttributeInput, attributes } from '../attributes.js';
import type { GraphEdit } from '../edit.js';
import type { Node } from '../model.js';

/** What a step may ask about and change. */
export interface UpgradeSite {
  readonly edit: GraphEdit;
  /** The opset that the model is brought to. */
  readonly target: number;
  shape(value: string): Shape | undefined;
  dtype(value: string): DType | undefined;
  constant(value: string): Tensor | undefined;
  /** Whether anything reads the value. */
  isRead(value: string): boolean;
}

/** One change of one operator's meaning. */
export interface Step {
  /** The first opset with the new meaning. */
  readonly opset: number;
  /** Rewrites the node to the new meaning; says why where it cannot. */
  readonly convert: (node: Node, site: UpgradeSite) => string | undefined;
}

/** Steps by operator, oldest first. */
export type Steps = Readonly<Record<string, readonly Step[]>>;

export interface NodeChange {
  readonly op?: string;
  readonly inputs?: readonly string[];
  readonly drop?: readonly string[];
  readonly set?: Readonly<Record<string, AttributeInput>>;
}

/** Changes a node in place; always possible. */
export function change(
  node: Node,
  site: UpgradeSite,
  { op = node.op, inputs = node.inputs, drop = [], set = {} }: NodeChange,
) {
  const kept = [...node.attributes].filter(([name]) => !drop.includes(name));
  site.edit.update(node.name, { op, inputs, attributes: new Map([...kept, ...attributes(set)]) });
  return undefined;
}

/** The node's inputs with `value` at `position`; inputs before it that are missing are left out by an empty name. */
export function placed(inputs: readonly string[], position: number, value: string): readonly string[] {
  return Array.from({ length: Math.max(inputs.length, position + 1) }, (_, i) =>
    i === position ? value : (inputs[i] ?? ''),
  );
}

export function intConstant(node: Node, site: UpgradeSite, name: string, values: readonly number[]): string {
  return site.edit.constant(`${node.name}_${name}`, ints(values));
}

/** A scalar of the type of `like`, float32 where that is not known. */
export function scalarLike(node: Node, site: UpgradeSite, name: string, value: number, like: string): string {
  const dtype = site.dtype(like) ?? 'float32';
  return site.edit.constant(`${node.name}_${name}`, fromNumbers(dtype === 'string' ? 'float32' : dtype, [], [value]));
}
