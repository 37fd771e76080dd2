import { clearField, type DescMessage, type Message, type MessageShape, toBinary } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProtoSchema,
  type SparseTensorProto,
  SparseTensorProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type TensorShapeProto,
  type TypeProto,
} from 'onnx-buf';

/**
 * What is left of a message without the fields that the graph interprets, encoded: documentation, metadata, unknown
 * fields. `undefined` if nothing is. Clears those fields in `message`, which nobody reads again.
 */
export function restOf<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
  interpreted: readonly (keyof MessageShape<Desc>)[],
): Uint8Array | undefined {
  const names: readonly PropertyKey[] = interpreted;
  for (const field of schema.fields) if (names.includes(field.localName)) clearField(message, field);
  const rest = toBinary(schema, message);
  return rest.length > 0 ? rest : undefined;
}

const TENSOR_FIELDS = [
  'dims',
  'dataType',
  'rawData',
  'floatData',
  'int32Data',
  'stringData',
  'int64Data',
  'doubleData',
  'uint64Data',
  'externalData',
  'dataLocation',
] as const satisfies readonly (keyof TensorProto)[];

/** The name is interpreted for initializers (`also`), and merely kept for tensors in attributes. */
export function tensorRest(proto: TensorProto, also: readonly 'name'[] = []): Uint8Array | undefined {
  return restOf(TensorProtoSchema, proto, [...TENSOR_FIELDS, ...also]);
}

/** A sparse initializer is named by its values: so `also` is about their name. */
export function sparseRest(proto: SparseTensorProto, also: readonly 'name'[] = []): Uint8Array | undefined {
  const left = [proto.values && tensorRest(proto.values, also), proto.indices && tensorRest(proto.indices)];
  return restOf(SparseTensorProtoSchema, proto, left.some(Boolean) ? ['dims'] : ['dims', 'values', 'indices']);
}

const ATTRIBUTE_FIELDS = [
  'name',
  'refAttrName',
  'type',
  'f',
  'i',
  's',
  'g',
  'floats',
  'ints',
  'strings',
  'graphs',
] as const satisfies readonly (keyof AttributeProto)[];

const NESTED_FIELDS = ['t', 'tensors', 'sparseTensor', 'sparseTensors', 'tp', 'typeProtos'] as const;

/** Tensors and types inside stay where something is left of one of them. */
export function attributeRest(proto: AttributeProto): Uint8Array | undefined {
  const tensors = [proto.t, ...proto.tensors].filter((tensor) => tensor !== undefined);
  const sparses = [proto.sparseTensor, ...proto.sparseTensors].filter((sparse) => sparse !== undefined);
  const types = [proto.tp, ...proto.typeProtos].filter((type) => type !== undefined);
  const left = [
    ...tensors.map((tensor) => tensorRest(tensor)),
    ...sparses.map((sparse) => sparseRest(sparse)),
    ...types.map(saysMore),
  ];
  return restOf(AttributeProtoSchema, proto, [...ATTRIBUTE_FIELDS, ...(left.some(Boolean) ? [] : NESTED_FIELDS)]);
}

/** Repeated entries stay, to be filled again, where one of them has unknown fields. */
export function hasUnknown(entries: readonly Message[]): boolean {
  return entries.some(({ $unknown }) => $unknown !== undefined);
}

/** Whether a type holds what the graph's types have no place for: denotations, other kinds, unknown fields. */
export function saysMore({ denotation, value, $unknown }: TypeProto): boolean {
  if (denotation || $unknown || value.case === undefined || value.value.$unknown) return true;
  switch (value.case) {
    case 'tensorType':
    case 'sparseTensorType':
      return shapeSaysMore(value.value.shape);
    case 'mapType':
      return value.value.valueType === undefined || saysMore(value.value.valueType);
    case 'sequenceType':
    case 'optionalType':
      return value.value.elemType === undefined || saysMore(value.value.elemType);
  }
}

function shapeSaysMore(shape: TensorShapeProto | undefined): boolean {
  if (!shape) return false;
  return hasUnknown([shape, ...shape.dim]) || shape.dim.some(({ denotation }) => denotation !== '');
}
