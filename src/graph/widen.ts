import { DTYPES, type DType } from '../kernel/dtype.js';
import { fromNumbers, isDense, type Tensor, toNumbers } from '../kernel/tensor.js';
import type { Attribute, Graph, Model, Node, Value, ValueType } from './model.js';

export function isHalf(dtype: DType): boolean {
  return dtype === 'float16' || dtype === 'bfloat16';
}

/**
 * The model with float32 wherever it has float16 or bfloat16: constants, types of values, and attributes that name an
 * element type. Numbers stay exactly what they are; what was rounded between operators is rounded no more. The same
 * model where it has no halves.
 */
export function widenHalves(model: Model): Model {
  const graph = widenGraph(model.graph);
  const functions = model.functions.map((body) => ({
    ...body,
    nodes: body.nodes.map(widenNode),
    types: widenTypes(body.types),
  }));
  const same =
    graph === model.graph &&
    functions.every((body, i) => body.nodes.every((node, k) => node === model.functions[i].nodes[k]));
  return same ? model : { ...model, graph, functions };
}

function widenGraph(graph: Graph): Graph {
  const initializers = new Map([...graph.initializers].map(([name, tensor]) => [name, widenTensor(tensor)]));
  const nodes = graph.nodes.map(widenNode);
  const [inputs, outputs] = [graph.inputs.map(widenValue), graph.outputs.map(widenValue)];
  const types = widenTypes(graph.types);
  const changed =
    [...initializers].some(([name, tensor]) => tensor !== graph.initializers.get(name)) ||
    nodes.some((node, i) => node !== graph.nodes[i]) ||
    [...inputs, ...outputs].some((value, i) => value !== [...graph.inputs, ...graph.outputs][i]) ||
    [...types].some(([name, type]) => type !== graph.types.get(name));
  return changed ? { ...graph, initializers, nodes, inputs, outputs, types } : graph;
}

function widenNode(node: Node): Node {
  const attributes = new Map([...node.attributes].map(([name, attribute]) => [name, widenAttribute(name, attribute)]));
  const changed = [...attributes].some(([name, attribute]) => attribute !== node.attributes.get(name));
  return changed ? { ...node, attributes } : node;
}

/** Attributes that hold a `TensorProto.DataType`: of Cast, of RandomNormal and its like, of windows, of Q/DQ. */
const NAMES_A_TYPE = new Set(['to', 'dtype', 'output_datatype', 'output_dtype']);
const HALVES = new Set<bigint>([BigInt(DTYPES.float16.onnx), BigInt(DTYPES.bfloat16.onnx)]);

function widenAttribute(name: string, attribute: Attribute): Attribute {
  switch (attribute.kind) {
    case 'int': {
      const half = NAMES_A_TYPE.has(name) && HALVES.has(attribute.value);
      return half ? { kind: 'int', value: BigInt(DTYPES.float32.onnx) } : attribute;
    }
    case 'tensor': {
      const value = widenTensor(attribute.value);
      return value === attribute.value ? attribute : { kind: 'tensor', value };
    }
    case 'graph': {
      const value = widenGraph(attribute.value);
      return value === attribute.value ? attribute : { kind: 'graph', value };
    }
    case 'graphs':
      return { kind: 'graphs', value: attribute.value.map(widenGraph) };
    case 'type':
      return { kind: 'type', value: widenType(attribute.value) };
    default:
      return attribute;
  }
}

function widenTensor(tensor: Tensor): Tensor {
  if (!isDense(tensor) || !isHalf(tensor.dtype)) return tensor;
  return fromNumbers('float32', tensor.dims, toNumbers(tensor));
}

function widenValue(value: Value): Value {
  if (!value.type) return value;
  const type = widenType(value.type);
  return type === value.type ? value : { ...value, type };
}

function widenTypes(types: ReadonlyMap<string, ValueType>): ReadonlyMap<string, ValueType> {
  return new Map([...types].map(([name, type]) => [name, widenType(type)]));
}

function widenType(type: ValueType): ValueType {
  switch (type.kind) {
    case 'tensor':
    case 'sparse':
      return isHalf(type.dtype) ? { ...type, dtype: 'float32' } : type;
    case 'sequence':
    case 'optional': {
      const element = widenType(type.element);
      return element === type.element ? type : { ...type, element };
    }
    case 'map': {
      const value = widenType(type.value);
      return value === type.value ? type : { ...type, value };
    }
  }
}
