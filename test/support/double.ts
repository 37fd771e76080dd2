import { editGraph, type GraphEdit } from '../../src/graph/edit.js';
import type { Attribute, Graph, Model, Node, Value, ValueType } from '../../src/graph/model.js';
import { inferTypes, shapeIn, type TypeTable } from '../../src/graph/types.js';
import { DTYPES, type DType } from '../../src/kernel/dtype.js';
import { isStatic } from '../../src/kernel/shape.js';
import { fromNumbers, isDense, type Tensor, toNumbers } from '../../src/kernel/tensor.js';
import { erf, softplus } from './double-elementwise.js';
import type { DoubleRule } from './double-rule.js';
import { averagePool, convolution, globalAveragePool, globalMaxPool, transposedConvolution } from './double-windows.js';

/** Operators that ONNX Runtime 1.30 has no float64 kernel for, found by trying each. */
const RULES: Readonly<Record<string, DoubleRule>> = {
  Conv: convolution,
  ConvTranspose: transposedConvolution,
  AveragePool: averagePool,
  GlobalAveragePool: globalAveragePool,
  GlobalMaxPool: globalMaxPool,
  Erf: erf,
  Softplus: softplus,
};

/** Operators that `toDouble` rewrites. */
export const REWRITTEN = Object.keys(RULES);

/**
 * The model in float64: its constants, inputs and casts, and other operators in the place of those that ONNX Runtime
 * has no float64 kernel for. All shapes must be static. Inputs and outputs keep their names.
 */
export function toDouble(model: Model): Model {
  const wide = { ...model, graph: widened(model.graph) };
  const types = inferTypes(wide);
  const graph = editGraph(wide.graph, (edit) => {
    for (const node of wide.graph.nodes) rewrite(edit, node, types);
  });
  return { ...wide, graph };
}

function rewrite(edit: GraphEdit, node: Node, types: TypeTable): void {
  const rule = node.domain === '' && isDouble(types, node.inputs[0]) ? RULES[node.op] : undefined;
  if (!rule) return;
  const result = rule({ edit, node, shape: (name) => staticShape(types, name) });
  edit.remove(node.name);
  edit.add({ op: 'Identity', inputs: [result], outputs: [node.outputs[0]], name: node.name });
}

function isDouble(types: TypeTable, name: string): boolean {
  const type = types.get(name)?.type;
  return type?.kind === 'tensor' && type.dtype === 'float64';
}

function staticShape(types: TypeTable, name: string): readonly number[] {
  const shape = shapeIn(types, name);
  if (!shape || !isStatic(shape)) throw new RangeError(`the shape of ${name} is open`);
  return shape;
}

function widened(graph: Graph): Graph {
  return {
    ...graph,
    inputs: graph.inputs.map(widenedValue),
    outputs: graph.outputs.map(widenedValue),
    nodes: graph.nodes.map((node) => ({ ...node, attributes: new Map([...node.attributes].map(widenedAttribute)) })),
    initializers: new Map([...graph.initializers].map(([name, tensor]) => [name, doubled(tensor)])),
    types: new Map([...graph.types].map(([name, type]) => [name, widenedType(type)])),
  };
}

/** The tensor in float64, where it holds floats. */
export function doubled(tensor: Tensor): Tensor {
  return isDense(tensor) && isNarrow(tensor.dtype) ? fromNumbers('float64', tensor.dims, toNumbers(tensor)) : tensor;
}

function isNarrow(dtype: DType): boolean {
  return dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16';
}

function widenedValue(value: Value): Value {
  return value.type ? { ...value, type: widenedType(value.type) } : value;
}

function widenedType(type: ValueType): ValueType {
  return type.kind === 'tensor' && isNarrow(type.dtype) ? { ...type, dtype: 'float64' } : type;
}

const NARROW: ReadonlySet<bigint> = new Set(
  (['float32', 'float16', 'bfloat16'] as const).map((dtype) => BigInt(DTYPES[dtype].onnx)),
);

/** `to` and `dtype` name an element type. */
function widenedAttribute([name, attribute]: readonly [string, Attribute]): readonly [string, Attribute] {
  if (attribute.kind === 'tensor') return [name, { kind: 'tensor', value: doubled(attribute.value) }];
  const names = attribute.kind === 'int' && (name === 'to' || name === 'dtype') && NARROW.has(attribute.value);
  return [name, names ? { kind: 'int', value: BigInt(DTYPES.float64.onnx) } : attribute];
}
