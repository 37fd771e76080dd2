import { type AttributeProto, AttributeProto_AttributeType as AttributeType } from 'onnx-buf';

/** The kinds of attribute value, as the graph calls them, with their type number and the field that holds the value. */
const KINDS = {
  float: { type: AttributeType.FLOAT, field: 'f' },
  int: { type: AttributeType.INT, field: 'i' },
  string: { type: AttributeType.STRING, field: 's' },
  tensor: { type: AttributeType.TENSOR, field: 't' },
  graph: { type: AttributeType.GRAPH, field: 'g' },
  sparse: { type: AttributeType.SPARSE_TENSOR, field: 'sparseTensor' },
  type: { type: AttributeType.TYPE_PROTO, field: 'tp' },
  floats: { type: AttributeType.FLOATS, field: 'floats' },
  ints: { type: AttributeType.INTS, field: 'ints' },
  strings: { type: AttributeType.STRINGS, field: 'strings' },
  tensors: { type: AttributeType.TENSORS, field: 'tensors' },
  graphs: { type: AttributeType.GRAPHS, field: 'graphs' },
  sparses: { type: AttributeType.SPARSE_TENSORS, field: 'sparseTensors' },
  types: { type: AttributeType.TYPE_PROTOS, field: 'typeProtos' },
} as const satisfies Readonly<Record<string, { type: AttributeType; field: keyof AttributeProto }>>;

export type AttributeKind = keyof typeof KINDS;

const ALL: readonly AttributeKind[] = Object.keys(KINDS).filter(isAttributeKind);

/** By its type number; IR version 1 had none, and the field that is set tells. */
export function attributeKind(proto: AttributeProto): AttributeKind | undefined {
  if (proto.type !== AttributeType.UNDEFINED) return ALL.find((kind) => KINDS[kind].type === proto.type);
  return ALL.find((kind) => isSet(proto, KINDS[kind].field));
}

/** The type number of a kind by name; any other name is undefined in ONNX too. */
export function attributeType(kind: string): AttributeType {
  return isAttributeKind(kind) ? KINDS[kind].type : AttributeType.UNDEFINED;
}

function isAttributeKind(name: string): name is AttributeKind {
  return Object.hasOwn(KINDS, name);
}

function isSet(proto: AttributeProto, field: keyof AttributeProto): boolean {
  const value = Object.hasOwn(proto, field) ? proto[field] : undefined;
  return value !== undefined && !(Array.isArray(value) && value.length === 0);
}
