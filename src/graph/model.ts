import type { DType } from '../kernel/dtype.js';
import type { Shape } from '../kernel/shape.js';
import type { Tensor } from '../kernel/tensor.js';

/**
 * What the file held beyond what the graph interprets (documentation, unknown protobuf fields). Only from-onnx writes
 * it and only to-onnx reads it; everything between hands it on.
 */
export type Extra = Readonly<Record<string, unknown>>;

export type ValueType =
  | { readonly kind: 'tensor'; readonly dtype: DType; readonly shape?: Shape }
  | { readonly kind: 'sparse'; readonly dtype: DType; readonly shape?: Shape }
  | { readonly kind: 'sequence'; readonly element: ValueType }
  | { readonly kind: 'optional'; readonly element: ValueType }
  | { readonly kind: 'map'; readonly key: DType; readonly value: ValueType };

/** A graph input or output. */
export interface Value {
  readonly name: string;
  /** Absent where the file states none. */
  readonly type?: ValueType;
  readonly extra?: Extra;
}

export interface SparseTensor {
  readonly dims: readonly number[];
  readonly values: Tensor;
  readonly indices: Tensor;
}

/**
 * An attribute's value by its ONNX type; integers stay exact. `ref` names the attribute of the enclosing function whose
 * value it takes; `of` is that value's kind, `''` where the file does not say.
 */
export type Attribute =
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'string'; readonly value: Uint8Array }
  | { readonly kind: 'tensor'; readonly value: Tensor }
  | { readonly kind: 'graph'; readonly value: Graph }
  | { readonly kind: 'sparse'; readonly value: SparseTensor }
  | { readonly kind: 'type'; readonly value: ValueType }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'ints'; readonly value: readonly bigint[] }
  | { readonly kind: 'strings'; readonly value: readonly Uint8Array[] }
  | { readonly kind: 'tensors'; readonly value: readonly Tensor[] }
  | { readonly kind: 'graphs'; readonly value: readonly Graph[] }
  | { readonly kind: 'sparses'; readonly value: readonly SparseTensor[] }
  | { readonly kind: 'types'; readonly value: readonly ValueType[] }
  | { readonly kind: 'ref'; readonly name: string; readonly of: string };

export interface Node {
  /** Unique in its graph: from-onnx names the nameless `Conv_12` by operator and position. */
  readonly name: string;
  readonly op: string;
  /** `''` is ONNX's own domain (`ai.onnx` is written so too). */
  readonly domain: string;
  /** Value names; `''` where an optional input is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
  readonly extra?: Extra;
}

/** Values are known by name, as in ONNX; nodes stand in topological order; every value has one producer. */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly nodes: readonly Node[];
  readonly initializers: ReadonlyMap<string, Tensor>;
  readonly sparseInitializers: ReadonlyMap<string, SparseTensor>;
  /** Types that the file states, or that a pass derived, for values other than inputs and outputs. */
  readonly types: ReadonlyMap<string, ValueType>;
  readonly extra?: Extra;
}

export interface FunctionDef {
  readonly name: string;
  readonly domain: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly string[];
  readonly defaults: ReadonlyMap<string, Attribute>;
  readonly nodes: readonly Node[];
  readonly opsets: ReadonlyMap<string, number>;
  readonly types: ReadonlyMap<string, ValueType>;
  readonly extra?: Extra;
}

export interface Model {
  readonly graph: Graph;
  /** Domain -> version; `''` is ONNX's own domain. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly functions: readonly FunctionDef[];
  readonly irVersion: number;
  readonly metadata: ReadonlyMap<string, string>;
  readonly extra?: Extra;
}
