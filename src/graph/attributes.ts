import type { Tensor } from '../kernel/tensor.js';
import type { Attribute, Node } from './model.js';

/** What a builder accepts: whole numbers become `int`, other numbers must be given as `{float: x}`. */
export type AttributeInput =
  | number
  | bigint
  | string
  | Tensor
  | readonly number[]
  | readonly string[]
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | Attribute;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function intAttribute(node: Node, name: string, fallback: number): number {
  const attribute = node.attributes.get(name);
  return attribute?.kind === 'int' ? Number(attribute.value) : fallback;
}

export function intsAttribute(node: Node, name: string): readonly number[] | undefined {
  const attribute = node.attributes.get(name);
  return attribute?.kind === 'ints' ? attribute.value.map(Number) : undefined;
}

export function floatAttribute(node: Node, name: string, fallback: number): number {
  const attribute = node.attributes.get(name);
  return attribute?.kind === 'float' ? attribute.value : fallback;
}

export function stringAttribute(node: Node, name: string, fallback: string): string {
  const attribute = node.attributes.get(name);
  return attribute?.kind === 'string' ? decoder.decode(attribute.value) : fallback;
}

export function tensorAttribute(node: Node, name: string): Tensor | undefined {
  const attribute = node.attributes.get(name);
  return attribute?.kind === 'tensor' ? attribute.value : undefined;
}

/** Attributes from plain values: `{kernel_shape: [3, 3], alpha: {float: 0.1}, mode: 'linear'}`. */
export function attributes(plain: Readonly<Record<string, AttributeInput>>): ReadonlyMap<string, Attribute> {
  return new Map(Object.entries(plain).map(([name, value]) => [name, attribute(value)]));
}

function attribute(value: AttributeInput): Attribute {
  if (typeof value === 'number' || typeof value === 'bigint') return { kind: 'int', value: BigInt(value) };
  if (typeof value === 'string') return { kind: 'string', value: encoder.encode(value) };
  if (isList(value)) return listAttribute(value);
  if ('kind' in value) return value;
  if ('float' in value) return { kind: 'float', value: value.float };
  if ('floats' in value) return { kind: 'floats', value: value.floats };
  return { kind: 'tensor', value };
}

function listAttribute(values: readonly number[] | readonly string[]): Attribute {
  const strings = values.filter((item) => typeof item === 'string');
  if (strings.length > 0) return { kind: 'strings', value: strings.map((item) => encoder.encode(item)) };
  return { kind: 'ints', value: values.map(BigInt) };
}

function isList(value: AttributeInput): value is readonly number[] | readonly string[] {
  return Array.isArray(value);
}
