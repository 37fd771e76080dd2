import {
  type AttributeProto,
  type FunctionProto,
  FunctionProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type OperatorSetIdProto,
  type SparseTensorProto,
  type TensorProto,
  type TensorShapeProto,
  type TypeProto,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import { dtypeFromOnnx } from '../kernel/dtype.js';
import { BitloomError, type Problem, throwAll } from '../kernel/errors.js';
import type { Shape } from '../kernel/shape.js';
import type { Tensor } from '../kernel/tensor.js';
import { type AttributeKind, attributeKind } from '../onnx/attribute-kind.js';
import { type DecodedModel, decodeProto } from '../onnx/decode.js';
import { type ExternalReader, externalReader, noExternalFiles } from '../onnx/external.js';
import { hashFiles } from '../onnx/hash-files.js';
import { readWhole } from '../onnx/read-file.js';
import { attributeRest, hasUnknown, restOf, saysMore, sparseRest, tensorRest } from '../onnx/rest.js';
import { fromTensorProto, type TensorSource } from '../onnx/tensor-proto.js';
import { extraOf } from './extra.js';
import type { Attribute, Extra, FunctionDef, Graph, Model, Node, SparseTensor, Value, ValueType } from './model.js';
import { sortNodes } from './sort.js';

/** The newest versions whose meaning we know: those of ONNX 1.20. */
const NEWEST_IR = 13;
const NEWEST_OPSET = 25;

/** What reading one model needs all along: where tensors lie, and the problems found so far. */
interface Reading extends TensorSource {
  readonly file: string | undefined;
  readonly problems: Problem[];
}

/** Reads a model file. Tensors are views into its bytes; external data is checked now and read on first use. */
export async function loadModel(path: string): Promise<Model> {
  return fromOnnx(decodeProto(await readWhole(path), path), { file: path, external: externalReader(path) });
}

/**
 * SHA-256, in hexadecimal, of a model file and of the external files that it names, in the order of their locations.
 * Throws what `loadModel` throws.
 */
export async function hashModel(path: string): Promise<string> {
  const external = externalReader(path);
  fromOnnx(decodeProto(await readWhole(path), path), { file: path, external });
  const others = [...external.files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, file]) => file);
  return hashFiles([path, ...others]);
}

/** A model from its bytes, which must not change afterwards: the tensors are views into them. */
export function decodeModel(bytes: Uint8Array): Model {
  return fromOnnx(decodeProto(bytes));
}

/**
 * The model that a decoded ModelProto describes. Consumes the proto: what the graph does not interpret is kept in
 * `extra`. Nameless nodes get names, the domain `ai.onnx` is written `''`, nodes are sorted. Throws a BitloomError with
 * every problem found.
 */
export function fromOnnx(
  decoded: DecodedModel,
  source: { readonly file?: string; readonly external?: ExternalReader } = {},
): Model {
  const { proto, payloads } = decoded;
  const problems: Problem[] = [];
  const reading = { file: source.file, payloads, external: source.external ?? noExternalFiles, problems };
  const opsets = readOpsets(proto.opsetImport, reading);
  checkVersions(proto, opsets, reading);
  throwAll(problems);
  const graph = readGraph(decoded.graph, reading);
  const functions = proto.functions.map((definition) => readFunction(definition, reading));
  const metadata = new Map(proto.metadataProps.map(({ key, value }) => [key, value]));
  throwAll(problems);
  const irVersion = Number(proto.irVersion);
  const rest = restOf(ModelProtoSchema, proto, [
    ...(['irVersion', 'graph', 'functions'] as const),
    ...(hasUnknown(proto.opsetImport) ? [] : (['opsetImport'] as const)),
    ...(hasUnknown(proto.metadataProps) ? [] : (['metadataProps'] as const)),
  ]);
  return { graph, opsets, functions, irVersion, metadata, ...withExtra({ rest }) };
}

function checkVersions(proto: ModelProto, opsets: ReadonlyMap<string, number>, reading: Reading): void {
  const hint = `bitloom reads models up to IR version ${NEWEST_IR} and opset ${NEWEST_OPSET}: export it with an older one`;
  const opset = opsets.get('') ?? 1;
  if (proto.irVersion > NEWEST_IR) {
    report(reading, 'unsupported-ir-version', `the model has IR version ${proto.irVersion}`, hint);
  }
  if (opset > NEWEST_OPSET || opset < 1) report(reading, 'unsupported-opset', `the model has opset ${opset}`, hint);
}

/** Models before IR version 3 state no opset: they use the first. */
function readOpsets(imports: readonly OperatorSetIdProto[], reading: Reading): ReadonlyMap<string, number> {
  const opsets = new Map<string, number>();
  for (const { domain, version } of imports) {
    const before = opsets.get(ownDomain(domain)) ?? Number(version);
    if (before !== Number(version)) {
      report(reading, 'duplicate-opset', `two versions of the domain '${domain}' are imported: ${before}, ${version}`);
    }
    opsets.set(ownDomain(domain), Number(version));
  }
  return opsets.size > 0 ? opsets : new Map([['', 1]]);
}

function ownDomain(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain;
}

function readGraph(proto: GraphProto, reading: Reading): Graph {
  const { name } = proto;
  const inputs = proto.input.map(readValue);
  const outputs = proto.output.map(readValue);
  const tensors = new Map<string, Extra>();
  const initializers = readTensors(proto.initializer, tensors, reading);
  const sparseInitializers = readSparseTensors(proto.sparseInitializer, tensors, reading);
  const { types, values } = readTypes(proto.valueInfo, new Set([...inputs, ...outputs].map((value) => value.name)));
  const nodes = readNodes(proto.node, reading);
  const known = ['name', 'input', 'output', 'node', 'initializer', 'sparseInitializer', 'valueInfo'] as const;
  const extra = withExtra({ rest: restOf(GraphProtoSchema, proto, known), tensors, values });
  const graph = { name, inputs, outputs, nodes, initializers, sparseInitializers, types, ...extra };
  checkProducers(graph, reading);
  return reading.problems.length > 0 ? graph : { ...graph, nodes: sortNodes(graph) };
}

/** Every value has one producer; only an initializer may stand among the inputs too, as its default. */
function checkProducers(graph: Graph, reading: Reading): void {
  const made = new Set<string>();
  for (const { name } of graph.inputs) {
    if (made.has(name)) report(reading, 'duplicate-value', `two inputs are named '${name}'`);
    made.add(name);
  }
  for (const name of [...graph.initializers.keys(), ...graph.sparseInitializers.keys()]) made.add(name);
  for (const { name: node, op, outputs } of graph.nodes) {
    for (const output of outputs.filter((value) => value !== '')) {
      const message = `makes the value '${output}', which exists already`;
      if (made.has(output)) report(reading, 'duplicate-value', message, undefined, { node, op });
      made.add(output);
    }
  }
}

function readTensors(
  protos: readonly TensorProto[],
  extras: Map<string, Extra>,
  reading: Reading,
): ReadonlyMap<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const proto of protos) {
    const { name } = proto;
    if (tensors.has(name))
      report(reading, 'duplicate-value', 'two initializers have this name', undefined, { tensor: name });
    const tensor = readTensor(proto, reading);
    if (tensor) tensors.set(name, tensor);
    keep(extras, name, { rest: tensorRest(proto, ['name']) });
  }
  return tensors;
}

function readSparseTensors(
  protos: readonly SparseTensorProto[],
  extras: Map<string, Extra>,
  reading: Reading,
): ReadonlyMap<string, SparseTensor> {
  const tensors = new Map<string, SparseTensor>();
  for (const proto of protos) {
    const name = proto.values?.name ?? '';
    const tensor = readSparse(proto, reading);
    if (tensor) tensors.set(name, tensor);
    keep(extras, name, { rest: sparseRest(proto, ['name']) });
  }
  return tensors;
}

/** `undefined`, and a problem noted, where it can't be read. */
function readTensor(proto: TensorProto, reading: Reading): Tensor | undefined {
  try {
    return fromTensorProto(proto, reading);
  } catch (error) {
    if (!(error instanceof BitloomError)) throw error;
    for (const problem of error.problems) reading.problems.push(placed(problem, reading));
    return undefined;
  }
}

function readSparse(proto: SparseTensorProto, reading: Reading): SparseTensor | undefined {
  const values = proto.values && readTensor(proto.values, reading);
  const indices = proto.indices && readTensor(proto.indices, reading);
  if (values && indices) return { dims: proto.dims.map(Number), values, indices };
  if (!proto.values || !proto.indices) report(reading, 'sparse-tensor', 'a sparse tensor lacks its values or indices');
  return undefined;
}

function readNodes(protos: readonly NodeProto[], reading: Reading): readonly Node[] {
  const names = uniqueNames(protos);
  return protos.map((proto, position) => readNode(proto, names[position], reading));
}

/** Given names stay where they are unique; the nameless are named `Conv_12` by operator and position. */
function uniqueNames(protos: readonly NodeProto[]): readonly string[] {
  const given = new Set(protos.map((proto) => proto.name));
  const taken = new Set<string>();
  return protos.map(({ name, opType }, position) => {
    const wanted = name || `${opType}_${position}`;
    let candidate = wanted;
    const isTaken = () => taken.has(candidate) || (candidate !== name && given.has(candidate));
    for (let i = 2; isTaken(); i++) candidate = `${wanted}_${i}`;
    taken.add(candidate);
    return candidate;
  });
}

function readNode(proto: NodeProto, name: string, reading: Reading): Node {
  const { input: inputs, output: outputs, opType: op } = proto;
  const domain = ownDomain(proto.domain);
  const { attributes, extras } = readAttributes(proto.attribute, { node: name, op }, reading);
  const rest = restOf(NodeProtoSchema, proto, ['input', 'output', 'name', 'opType', 'domain', 'attribute']);
  return { name, op, domain, inputs, outputs, attributes, ...withExtra({ rest, attributes: extras }) };
}

function readAttributes(
  protos: readonly AttributeProto[],
  place: { readonly node?: string; readonly op?: string },
  reading: Reading,
): { attributes: ReadonlyMap<string, Attribute>; extras: ReadonlyMap<string, Extra> } {
  const attributes = new Map<string, Attribute>();
  const extras = new Map<string, Extra>();
  for (const proto of protos) {
    const { name } = proto;
    if (attributes.has(name)) report(reading, 'duplicate-attribute', `has two attributes '${name}'`, undefined, place);
    const attribute = within(place, reading, () => readAttribute(proto, reading));
    if (attribute) attributes.set(name, attribute);
    const was = attribute?.kind === 'type' || attribute?.kind === 'types' ? attribute.value : undefined;
    const rest = attributeRest(proto);
    if (rest) extras.set(name, { rest, kind: attribute?.kind, was });
  }
  return { attributes, extras };
}

type Reader = (proto: AttributeProto, reading: Reading) => Attribute | undefined;

const ATTRIBUTE_READERS: { readonly [K in AttributeKind]: Reader } = {
  float: (proto) => ({ kind: 'float', value: proto.f }),
  int: (proto) => ({ kind: 'int', value: proto.i }),
  string: (proto) => ({ kind: 'string', value: proto.s }),
  tensor: (proto, reading) => some(proto.t && readTensor(proto.t, reading), (value) => ({ kind: 'tensor', value })),
  graph: (proto, reading) => some(proto.g && readGraph(proto.g, reading), (value) => ({ kind: 'graph', value })),
  sparse: (proto, reading) =>
    some(proto.sparseTensor && readSparse(proto.sparseTensor, reading), (value) => ({ kind: 'sparse', value })),
  type: (proto) => some(proto.tp && readType(proto.tp), (value) => ({ kind: 'type', value })),
  floats: (proto) => ({ kind: 'floats', value: proto.floats }),
  ints: (proto) => ({ kind: 'ints', value: proto.ints }),
  strings: (proto) => ({ kind: 'strings', value: proto.strings }),
  tensors: (proto, reading) => ({ kind: 'tensors', value: each(proto.tensors, (item) => readTensor(item, reading)) }),
  graphs: (proto, reading) => ({ kind: 'graphs', value: proto.graphs.map((item) => readGraph(item, reading)) }),
  sparses: (proto, reading) => ({
    kind: 'sparses',
    value: each(proto.sparseTensors, (item) => readSparse(item, reading)),
  }),
  types: (proto) => ({ kind: 'types', value: each(proto.typeProtos, readType) }),
};

function readAttribute(proto: AttributeProto, reading: Reading): Attribute | undefined {
  const kind = attributeKind(proto);
  if (proto.refAttrName) return { kind: 'ref', name: proto.refAttrName, of: kind ?? '' };
  return kind && ATTRIBUTE_READERS[kind](proto, reading);
}

/** Reads an attribute; problems with it are placed at its node, and an attribute without a value is one. */
function within(place: Problem['place'], reading: Reading, read: () => Attribute | undefined): Attribute | undefined {
  const found = reading.problems.length;
  const attribute = read();
  if (!attribute && reading.problems.length === found)
    report(reading, 'attribute-value', 'has an attribute without a value');
  const problems = reading.problems.splice(found);
  reading.problems.push(...problems.map((problem) => ({ ...problem, place: { ...place, ...problem.place } })));
  return attribute;
}

function some<T>(value: T | undefined, make: (value: T) => Attribute): Attribute | undefined {
  return value === undefined ? undefined : make(value);
}

function each<A, B>(items: readonly A[], read: (item: A) => B | undefined): readonly B[] {
  return items.map(read).filter((item) => item !== undefined);
}

function readFunction(proto: FunctionProto, reading: Reading): FunctionDef {
  const { name, overload, input: inputs, output: outputs, attribute: attributes } = proto;
  const { attributes: defaults, extras } = readAttributes(proto.attributeProto, {}, reading);
  const nodes = readNodes(proto.node, reading);
  const { types, values } = readTypes(proto.valueInfo, new Set());
  const opsets = readOpsets(proto.opsetImport, reading);
  const domain = ownDomain(proto.domain);
  const opsetFields = hasUnknown(proto.opsetImport) ? [] : (['opsetImport'] as const);
  const rest = restOf(FunctionProtoSchema, proto, [...FUNCTION_FIELDS, ...opsetFields]);
  const extra = withExtra({ rest, attributes: extras, values });
  return { name, domain, overload, inputs, outputs, attributes, defaults, nodes, opsets, types, ...extra };
}

const FUNCTION_FIELDS = [
  'name',
  'domain',
  'overload',
  'input',
  'output',
  'attribute',
  'attributeProto',
  'node',
  'valueInfo',
] as const;

function readValue(proto: ValueInfoProto): Value {
  const type = proto.type && readType(proto.type);
  return { name: proto.name, ...(type ? { type } : {}), ...withExtra(valueExtra(proto, type)) };
}

/** Types of the values between; an input's or output's own type stands with it. */
function readTypes(
  protos: readonly ValueInfoProto[],
  others: ReadonlySet<string>,
): { types: ReadonlyMap<string, ValueType>; values: ReadonlyMap<string, Extra> } {
  const types = new Map<string, ValueType>();
  const values = new Map<string, Extra>();
  for (const proto of protos.filter(({ name }) => !others.has(name))) {
    const { name } = proto;
    const type = proto.type && readType(proto.type);
    if (type) types.set(name, type);
    keep(values, name, valueExtra(proto, type));
  }
  return { types, values };
}

/** `undefined` for the kinds of type that the graph does not know. */
function readType({ value }: TypeProto): ValueType | undefined {
  switch (value.case) {
    case 'tensorType':
    case 'sparseTensorType': {
      const dtype = dtypeFromOnnx(value.value.elemType);
      const kind = value.case === 'tensorType' ? 'tensor' : 'sparse';
      const shape = value.value.shape && readShape(value.value.shape);
      return dtype && { kind, dtype, ...(shape ? { shape } : {}) };
    }
    case 'sequenceType':
    case 'optionalType': {
      const element = value.value.elemType && readType(value.value.elemType);
      return element && { kind: value.case === 'sequenceType' ? 'sequence' : 'optional', element };
    }
    case 'mapType': {
      const key = dtypeFromOnnx(value.value.keyType);
      const item = value.value.valueType && readType(value.value.valueType);
      return key && item && { kind: 'map', key, value: item };
    }
    default:
      return undefined;
  }
}

function readShape(shape: TensorShapeProto): Shape {
  return shape.dim.map(({ value }) => {
    if (value.case === 'dimValue') return Number(value.value);
    return value.case === 'dimParam' && value.value !== '' ? value.value : null;
  });
}

/** The type stays in `rest` where it says more than the graph keeps; `was` tells whether it still holds. */
function valueExtra(proto: ValueInfoProto, type: ValueType | undefined): Extra {
  const detailed = proto.type !== undefined && (type === undefined || saysMore(proto.type));
  const rest = restOf(ValueInfoProtoSchema, proto, detailed ? ['name'] : ['name', 'type']);
  return detailed ? { rest, was: type } : { rest };
}

function withExtra(parts: Extra): { readonly extra?: Extra } {
  const extra = extraOf(parts);
  return extra ? { extra } : {};
}

function keep(extras: Map<string, Extra>, name: string, parts: Extra): void {
  const extra = extraOf(parts);
  if (extra) extras.set(name, extra);
}

function report(reading: Reading, code: string, message: string, hint?: string, place: Problem['place'] = {}): void {
  reading.problems.push(placed({ kind: 'model', code, message, place, ...(hint ? { hint } : {}) }, reading));
}

function placed(problem: Problem, { file }: Reading): Problem {
  return file === undefined ? problem : { ...problem, place: { file, ...problem.place } };
}
