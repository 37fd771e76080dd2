import { create, type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProtoSchema,
  type FunctionProto,
  FunctionProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type OperatorSetIdProto,
  OperatorSetIdProtoSchema,
  type SparseTensorProto,
  SparseTensorProtoSchema,
  StringStringEntryProtoSchema,
  TensorProtoSchema,
  type TensorShapeProto_Dimension,
  TensorShapeProto_DimensionSchema,
  type TypeProto,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import { DTYPES } from '../kernel/dtype.js';
import type { Dim, Shape } from '../kernel/shape.js';
import type { DenseTensor } from '../kernel/tensor.js';
import { encodeProto } from '../onnx/encode.js';
import type { ExternalPlace } from '../onnx/external.js';
import { fillTensorProto, type TensorSink, tensorSink } from '../onnx/tensor-proto.js';
import { type Chunk, flatten, type Rope } from '../onnx/wire.js';
import { writeRope } from '../onnx/write-file.js';
import { extraBytes, extraPart } from './extra.js';
import { attributeType } from './from-onnx.js';
import type { Attribute, Extra, FunctionDef, Graph, Model, Node, SparseTensor, Value, ValueType } from './model.js';

/** Writes a model file: to a temporary file beside it, then renamed, so that a failure leaves what was there. */
export async function saveModel(model: Model, path: string): Promise<void> {
  await writeRope(path, toOnnx(model));
}

/** The model's bytes, all in memory. */
export function encodeModel(model: Model): Uint8Array {
  return flatten(toOnnx(model));
}

/** The encoded model in pieces. Tensors with a place in `places` are written as references to it. */
export function toOnnx(model: Model, places?: ReadonlyMap<DenseTensor, ExternalPlace>): Rope {
  const payloads: Chunk[] = [];
  const proto = modelProto(model, tensorSink(payloads, places));
  return encodeProto(proto, payloads);
}

function modelProto(model: Model, sink: TensorSink): ModelProto {
  const proto = rest(ModelProtoSchema, model.extra);
  proto.irVersion = BigInt(model.irVersion);
  proto.opsetImport = opsetProtos(model.opsets);
  proto.metadataProps = [...model.metadata].map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }));
  proto.graph = graphProto(model.graph, sink);
  proto.functions = model.functions.map((definition) => functionProto(definition, sink));
  return proto;
}

function opsetProtos(opsets: ReadonlyMap<string, number>): OperatorSetIdProto[] {
  return [...opsets].map(([domain, version]) => create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) }));
}

function graphProto(graph: Graph, sink: TensorSink): GraphProto {
  const proto = rest(GraphProtoSchema, graph.extra);
  proto.name = graph.name;
  proto.input = graph.inputs.map(valueProto);
  proto.output = graph.outputs.map(valueProto);
  proto.node = graph.nodes.map((node) => nodeProto(node, sink));
  proto.valueInfo = typeProtos(graph.types, graph.extra);
  proto.initializer = [...graph.initializers].map(([name, tensor]) => {
    const tensorProto = rest(TensorProtoSchema, extraPart(graph.extra, 'tensors', name));
    tensorProto.name = name;
    return fillTensorProto(tensorProto, tensor, sink);
  });
  proto.sparseInitializer = [...graph.sparseInitializers].map(([name, tensor]) => {
    const sparse = rest(SparseTensorProtoSchema, extraPart(graph.extra, 'tensors', name));
    return sparseProto(sparse, tensor, sink, name);
  });
  return proto;
}

function sparseProto(proto: SparseTensorProto, tensor: SparseTensor, sink: TensorSink, name = ''): SparseTensorProto {
  proto.dims = tensor.dims.map(BigInt);
  proto.values = fillTensorProto(proto.values ?? create(TensorProtoSchema), tensor.values, sink);
  proto.indices = fillTensorProto(proto.indices ?? create(TensorProtoSchema), tensor.indices, sink);
  if (name) proto.values.name = name;
  return proto;
}

function nodeProto(node: Node, sink: TensorSink): NodeProto {
  const proto = rest(NodeProtoSchema, node.extra);
  proto.name = node.name;
  proto.opType = node.op;
  if (node.domain) proto.domain = node.domain;
  proto.input = [...node.inputs];
  proto.output = [...node.outputs];
  proto.attribute = attributeProtos(node.attributes, node.extra, sink);
  return proto;
}

function functionProto(definition: FunctionDef, sink: TensorSink): FunctionProto {
  const proto = rest(FunctionProtoSchema, definition.extra);
  proto.name = definition.name;
  proto.domain = definition.domain;
  if (definition.overload) proto.overload = definition.overload;
  proto.input = [...definition.inputs];
  proto.output = [...definition.outputs];
  proto.attribute = [...definition.attributes];
  proto.attributeProto = attributeProtos(definition.defaults, definition.extra, sink);
  proto.node = definition.nodes.map((node) => nodeProto(node, sink));
  proto.opsetImport = opsetProtos(definition.opsets);
  proto.valueInfo = typeProtos(definition.types, definition.extra);
  return proto;
}

function attributeProtos(
  attributes: ReadonlyMap<string, Attribute>,
  extra: Extra | undefined,
  sink: TensorSink,
): AttributeProto[] {
  return [...attributes].map(([name, attribute]) => {
    const part = extraPart(extra, 'attributes', name);
    const proto = rest(AttributeProtoSchema, part?.kind === attribute.kind ? part : undefined);
    proto.name = name;
    setAttribute(proto, attribute, part?.was, sink);
    return proto;
  });
}

/** Nested messages that `rest` brought along are filled, not replaced: they hold what the graph does not interpret. */
function setAttribute(proto: AttributeProto, attribute: Attribute, was: unknown, sink: TensorSink): void {
  if (attribute.kind !== 'ref') proto.type = attributeType(attribute.kind);
  switch (attribute.kind) {
    case 'float':
      proto.f = attribute.value;
      return;
    case 'int':
      proto.i = attribute.value;
      return;
    case 'string':
      proto.s = new Uint8Array(attribute.value);
      return;
    case 'tensor':
      proto.t = fillTensorProto(proto.t ?? create(TensorProtoSchema), attribute.value, sink);
      return;
    case 'graph':
      proto.g = graphProto(attribute.value, sink);
      return;
    case 'sparse':
      proto.sparseTensor = sparseProto(proto.sparseTensor ?? create(SparseTensorProtoSchema), attribute.value, sink);
      return;
    case 'type':
      if (!proto.tp || !same(was, attribute.value)) proto.tp = typeProto(attribute.value);
      return;
    case 'floats':
      proto.floats = [...attribute.value];
      return;
    case 'ints':
      proto.ints = [...attribute.value];
      return;
    case 'strings':
      proto.strings = attribute.value.map((value) => new Uint8Array(value));
      return;
    case 'tensors':
      proto.tensors = attribute.value.map((tensor, i) =>
        fillTensorProto(proto.tensors[i] ?? create(TensorProtoSchema), tensor, sink),
      );
      return;
    case 'graphs':
      proto.graphs = attribute.value.map((graph) => graphProto(graph, sink));
      return;
    case 'sparses':
      proto.sparseTensors = attribute.value.map((tensor, i) =>
        sparseProto(proto.sparseTensors[i] ?? create(SparseTensorProtoSchema), tensor, sink),
      );
      return;
    case 'types':
      if (proto.typeProtos.length === 0 || !same(was, attribute.value))
        proto.typeProtos = attribute.value.map(typeProto);
      return;
    case 'ref':
      proto.refAttrName = attribute.name;
      proto.type = attributeType(attribute.of);
      return;
    default:
      attribute satisfies never;
  }
}

function valueProto(value: Value): ValueInfoProto {
  return typedProto(value.name, value.type, value.extra);
}

function typeProtos(types: ReadonlyMap<string, ValueType>, extra: Extra | undefined): ValueInfoProto[] {
  return [...types].map(([name, type]) => typedProto(name, type, extraPart(extra, 'values', name)));
}

/** The type as the file wrote it where it still says the same. */
function typedProto(name: string, type: ValueType | undefined, extra: Extra | undefined): ValueInfoProto {
  const proto = rest(ValueInfoProtoSchema, extra);
  proto.name = name;
  if (type && !(proto.type && same(extra?.was, type))) proto.type = typeProto(type);
  return proto;
}

function typeProto(type: ValueType): TypeProto {
  switch (type.kind) {
    case 'tensor':
    case 'sparse': {
      const value = {
        elemType: DTYPES[type.dtype].onnx,
        ...(type.shape ? { shape: { dim: dimProtos(type.shape) } } : {}),
      };
      const oneof =
        type.kind === 'tensor'
          ? ({ case: 'tensorType', value } as const)
          : ({ case: 'sparseTensorType', value } as const);
      return create(TypeProtoSchema, { value: oneof });
    }
    case 'sequence':
      return create(TypeProtoSchema, { value: { case: 'sequenceType', value: { elemType: typeProto(type.element) } } });
    case 'optional':
      return create(TypeProtoSchema, { value: { case: 'optionalType', value: { elemType: typeProto(type.element) } } });
    case 'map': {
      const value = { keyType: DTYPES[type.key].onnx, valueType: typeProto(type.value) };
      return create(TypeProtoSchema, { value: { case: 'mapType', value } });
    }
  }
}

function dimProtos(shape: Shape): TensorShapeProto_Dimension[] {
  return shape.map((dim) => create(TensorShapeProto_DimensionSchema, { value: dimValue(dim) }));
}

function dimValue(dim: Dim): TensorShapeProto_Dimension['value'] {
  if (dim === null) return { case: undefined };
  return typeof dim === 'number' ? { case: 'dimValue', value: BigInt(dim) } : { case: 'dimParam', value: dim };
}

/** The message that holds what the graph did not interpret; empty for what the graph made itself. */
function rest<Desc extends DescMessage>(schema: Desc, extra: Extra | undefined): MessageShape<Desc> {
  const bytes = extraBytes(extra);
  return bytes ? fromBinary(schema, bytes) : create(schema);
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
