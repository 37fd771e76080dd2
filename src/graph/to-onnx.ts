import { createHash } from 'node:crypto';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
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
  type StringStringEntryProto,
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
import { BitloomError } from '../kernel/errors.js';
import type { Dim, Shape } from '../kernel/shape.js';
import { type DenseTensor, isDense, type Tensor } from '../kernel/tensor.js';
import { attributeType } from '../onnx/attribute-kind.js';
import { contentHash } from '../onnx/content-hash.js';
import { RECURSION_LIMIT } from '../onnx/decode.js';
import { encodeProto } from '../onnx/encode.js';
import type { ExternalPlace } from '../onnx/external.js';
import { layOut, tensorLength } from '../onnx/external-layout.js';
import { LARGEST_MESSAGE } from '../onnx/read-file.js';
import { fillInitializerProto, fillTensorProto, type TensorSink } from '../onnx/tensor-proto.js';
import type { WeightStore } from '../onnx/weight-store.js';
import { bytesOf, type Chunk, flatten, type Rope } from '../onnx/wire.js';
import { writeFiles } from '../onnx/write-file.js';
import { extraBytes, extraPart } from './extra.js';
import type { Attribute, Extra, FunctionDef, Graph, Model, Node, SparseTensor, Value, ValueType } from './model.js';
import { subgraphs } from './subgraphs.js';

/** Tensors smaller than this, in bytes, stay in the model file: shapes must be readable without the other file. */
const EXTERNAL_THRESHOLD = 1024;

export interface SaveOptions {
  /** Initializers of at least `threshold` bytes (1,024 when left out) go to this file beside the model. */
  readonly externalData?: { readonly file: string; readonly threshold?: number };
  /** They go to this store, in or below the model's folder, that many models share. */
  readonly weights?: WeightStore;
}

/** What was written. */
export interface SavedModel {
  readonly modelBytes: number;
  /** The file of external data, if the model has one. */
  readonly externalFile?: string;
}

/**
 * Writes a model: to temporary files beside the final ones, then renamed, so that a failure leaves what was there. A
 * model above 2 GiB, which protobuf can't hold, goes to a file and `<file>_data` beside it, as the answer then says.
 * Throws a BitloomError of kind `io` (`disk-full`, `cannot-write`).
 */
export async function saveModel(model: Model, path: string, options: SaveOptions = {}): Promise<SavedModel> {
  if (options.weights) return saveWithStore(model, path, options.weights);
  if (options.externalData) return saveWithData(model, path, options.externalData);
  const content = toOnnx(model);
  if (content.length > LARGEST_MESSAGE) return saveWithData(model, path, { file: `${basename(path)}_data` });
  await writeFiles([{ path, content }]);
  return { modelBytes: content.length };
}

async function saveWithData(
  model: Model,
  path: string,
  { file, threshold = EXTERNAL_THRESHOLD }: NonNullable<SaveOptions['externalData']>,
): Promise<SavedModel> {
  const externalFile = join(dirname(path), file);
  const location = locationOf(externalFile, path);
  const { content: data, places } = layOut(largeInitializers(model.graph, threshold), location);
  const content = limited(toOnnx(model, places), path);
  await writeFiles([
    { path: externalFile, content: data },
    { path, content },
  ]);
  return { modelBytes: content.length, externalFile };
}

async function saveWithStore(model: Model, path: string, store: WeightStore): Promise<SavedModel> {
  const location = locationOf(store.path, path);
  const stored = await store.put(largeInitializers(model.graph, EXTERNAL_THRESHOLD));
  const places = new Map([...stored].map(([tensor, bytes]) => [tensor, { location, ...bytes }]));
  const content = limited(toOnnx(model, places), path);
  await writeFiles([{ path, content }]);
  return { modelBytes: content.length, externalFile: store.path };
}

/** The path of external data as the model file at `path` states it: POSIX, inside its folder. */
function locationOf(externalFile: string, path: string): string {
  const location = relative(dirname(resolve(path)), resolve(externalFile));
  if (resolve(externalFile) !== resolve(path) && !location.startsWith('..') && !isAbsolute(location)) {
    return location.replaceAll(sep, '/');
  }
  throw new BitloomError({
    kind: 'option',
    code: 'external-data-escapes',
    message: `its external data cannot be ${externalFile}`,
    place: { file: path },
    hint: "external data lies in a file of its own in the model's folder or below",
  });
}

/** Initializers of the graph and its subgraphs. Tensors in attributes stay where they are. */
function largeInitializers(graph: Graph, threshold: number): DenseTensor[] {
  const own = [...graph.initializers.values()].filter(isDense).filter((tensor) => tensorLength(tensor) >= threshold);
  const inner = graph.nodes.flatMap(subgraphs).flatMap((subgraph) => largeInitializers(subgraph, threshold));
  return [...own, ...inner];
}

/**
 * SHA-256, in hexadecimal, of what `saveModel` would write, each initializer entering by the hash of its own bytes: equal
 * for a model and for what is loaded again after saving it, wherever its external data lies. An initializer is read and
 * hashed once in its life, so that models which share theirs cost no more than their skeletons.
 */
export function fingerprint(model: Model): string {
  const places = new Map(largeInitializers(model.graph, 0).map((tensor) => [tensor, placeByContent(tensor)]));
  const hash = createHash('sha256');
  for (const chunk of toOnnx(model, places).chunks) hash.update(bytesOf(chunk));
  return hash.digest('hex');
}

function placeByContent(tensor: DenseTensor): ExternalPlace {
  return { location: contentHash(tensor), offset: 0, length: tensorLength(tensor) };
}

/** Bytes that the model takes in one file. */
export function encodedLength(model: Model): number {
  return toOnnx(model).length;
}

/** The model's bytes, all in memory. Throws where they exceed protobuf's limit of 2 GiB. */
export function encodeModel(model: Model): Uint8Array {
  return flatten(limited(toOnnx(model)));
}

function limited(content: Rope, file?: string): Rope {
  if (content.length <= LARGEST_MESSAGE) return content;
  throw new BitloomError({
    kind: 'model',
    code: 'model-too-large',
    message: `the model takes ${content.length} bytes in one file; protobuf and ONNX Runtime take 2 GiB at most`,
    ...(file === undefined ? {} : { place: { file } }),
    hint: 'save it with external data',
  });
}

/** The encoded model in pieces. Initializers with a place in `places` are written as references to it. */
export function toOnnx(model: Model, places: ReadonlyMap<Tensor, ExternalPlace> = new Map()): Rope {
  const payloads: Chunk[] = [];
  return encodeProto(modelProto(model, { payloads, places }), payloads);
}

function modelProto(model: Model, sink: TensorSink): ModelProto {
  const proto = rest(ModelProtoSchema, model.extra);
  proto.irVersion = BigInt(model.irVersion);
  proto.opsetImport = opsetProtos(model.opsets, proto.opsetImport);
  proto.metadataProps = metadataProtos(model.metadata, proto.metadataProps);
  proto.graph = graphProto(model.graph, sink);
  proto.functions = model.functions.map((definition) => functionProto(definition, sink));
  return proto;
}

/** Entries that `before` holds, for their unknown fields, are filled again. */
function opsetProtos(opsets: ReadonlyMap<string, number>, before: readonly OperatorSetIdProto[]): OperatorSetIdProto[] {
  return [...opsets].map(([domain, version]) => {
    const kept = before.find((entry) => (entry.domain === 'ai.onnx' ? '' : entry.domain) === domain);
    const proto = kept ?? create(OperatorSetIdProtoSchema);
    proto.domain = domain;
    proto.version = BigInt(version);
    return proto;
  });
}

function metadataProtos(
  metadata: ReadonlyMap<string, string>,
  before: readonly StringStringEntryProto[],
): StringStringEntryProto[] {
  return [...metadata].map(([key, value]) => {
    const proto = before.find((entry) => entry.key === key) ?? create(StringStringEntryProtoSchema, { key });
    proto.value = value;
    return proto;
  });
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
    return fillInitializerProto(tensorProto, tensor, sink);
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
  proto.opsetImport = opsetProtos(definition.opsets, proto.opsetImport);
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
  return bytes ? fromBinary(schema, bytes, { recursionLimit: RECURSION_LIMIT }) : create(schema);
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
