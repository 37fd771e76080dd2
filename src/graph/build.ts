import type { DType } from '../kernel/dtype.js';
import type { Shape } from '../kernel/shape.js';
import { GraphEdit } from './edit.js';
import type { Model, Value } from './model.js';

export interface ModelHead {
  readonly inputs: readonly Value[];
  /** The nodes that `build` adds must make these. */
  readonly outputs: readonly Value[];
  readonly name?: string;
  /** ONNX's own opset; 21 when left out. */
  readonly opset?: number;
  /** Versions of other domains. */
  readonly domains?: Readonly<Record<string, number>>;
}

/** A tensor that enters or leaves a graph: `value('input', 'float32', ['N', 3, 32, 32])`. */
export function value(name: string, dtype: DType, shape?: Shape): Value {
  return { name, type: { kind: 'tensor', dtype, ...(shape ? { shape } : {}) } };
}

/** A model from nothing: `build` adds its nodes and initializers. */
export function buildModel(head: ModelHead, build: (edit: GraphEdit) => void): Model {
  const edit = new GraphEdit({
    name: head.name ?? 'graph',
    inputs: head.inputs,
    outputs: head.outputs,
    nodes: [],
    initializers: new Map(),
    sparseInitializers: new Map(),
    types: new Map(),
  });
  build(edit);
  const opset = head.opset ?? 21;
  return {
    graph: edit.finish(),
    opsets: new Map([['', opset], ...Object.entries(head.domains ?? {})]),
    functions: [],
    irVersion: irVersionFor(opset),
    metadata: new Map(),
  };
}

/**
 * The oldest IR version that may carry this opset (ONNX's Versioning page): initializers need not be inputs from 4 on,
 * so 4 is the least; opset 21's 4-bit types need 10.
 */
export function irVersionFor(opset: number): number {
  const from: readonly (readonly [opset: number, ir: number])[] = [
    [23, 11],
    [21, 10],
    [19, 9],
    [15, 8],
    [12, 7],
    [11, 6],
    [10, 5],
  ];
  return from.find(([first]) => opset >= first)?.[1] ?? 4;
}
