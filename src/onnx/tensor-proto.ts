import { create } from '@bufbuild/protobuf';
import { StringStringEntryProtoSchema, type TensorProto, TensorProto_DataLocation } from 'onnx-buf';
import { byteLength, DTYPES, type DType, dtypeFromOnnx } from '../kernel/dtype.js';
import { BitloomError, type Problem } from '../kernel/errors.js';
import { sizeOf } from '../kernel/shape.js';
import { type DenseTensor, isDense, type NumericDType, type Tensor } from '../kernel/tensor.js';
import type { ExternalPlace, ExternalReader } from './external.js';
import { indexBytes, payloadIndex } from './payloads.js';
import type { Chunk } from './wire.js';

/** What a TensorProto of a decoded skeleton refers to. */
export interface TensorSource {
  readonly payloads: readonly Uint8Array[];
  readonly external: ExternalReader;
}

/** Collects payloads while a skeleton is made; knows which tensors lie outside the model file. */
export interface TensorSink {
  readonly payloads: Chunk[];
  readonly places: ReadonlyMap<Tensor, ExternalPlace>;
}

/** Throws a BitloomError that names the tensor: unknown type, a wrong number of bytes, unreadable external data. */
export function fromTensorProto(proto: TensorProto, source: TensorSource): Tensor {
  const dtype = tensorDType(proto);
  const dims = proto.dims.map(Number);
  if (proto.segment) throw invalid('unsupported-segment', 'is stored in segments', proto);
  if (dims.some((dim) => dim < 0)) throw invalid('tensor-shape', `has the shape [${dims.join(',')}]`, proto);
  if (dtype === 'string') return checkedStrings({ dtype, dims, strings: proto.stringData }, proto);
  if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL) return externalTensor(proto, dtype, dims, source);
  return checkedSize({ dtype, dims, bytes: inlineBytes(proto, dtype, source) }, proto);
}

/** Sets what the tensor states and keeps the rest of the message: its documentation, metadata, unknown fields. */
export function fillTensorProto(proto: TensorProto, tensor: Tensor, { payloads }: TensorSink): TensorProto {
  describe(proto, tensor);
  if (isDense(tensor)) proto.rawData = indexBytes(payloads.push(lazyBytes(tensor)) - 1);
  else proto.stringData = tensor.strings.map((bytes) => new Uint8Array(bytes));
  return proto;
}

/** The same for an initializer, which may have its data in another file. */
export function fillInitializerProto(proto: TensorProto, tensor: Tensor, sink: TensorSink): TensorProto {
  const place = sink.places.get(tensor);
  if (!place) return fillTensorProto(proto, tensor, sink);
  describe(proto, tensor);
  const entries = { location: place.location, offset: String(place.offset), length: String(place.length) };
  proto.dataLocation = TensorProto_DataLocation.EXTERNAL;
  proto.externalData = Object.entries(entries).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value }),
  );
  return proto;
}

function describe(proto: TensorProto, tensor: Tensor): void {
  proto.dataType = DTYPES[tensor.dtype].onnx;
  proto.dims = tensor.dims.map(BigInt);
}

/** Does not touch the bytes of a tensor that reads them on first use; a wrong length would spoil the whole file. */
function lazyBytes(tensor: DenseTensor): Chunk {
  const length = byteLength(tensor.dtype, sizeOf(tensor.dims));
  return {
    length,
    read: () => {
      const { bytes, dtype, dims } = tensor;
      if (bytes.length === length) return bytes;
      const message = `a tensor ${dtype}[${dims.join(',')}] of ${length} bytes holds ${bytes.length}`;
      throw new BitloomError({ kind: 'internal', code: 'tensor-size', message });
    },
  };
}

function externalTensor(
  proto: TensorProto,
  dtype: NumericDType,
  dims: readonly number[],
  source: TensorSource,
): DenseTensor {
  const entries = new Map(proto.externalData.map(({ key, value }) => [key, value]));
  const expected = byteLength(dtype, sizeOf(dims));
  const read = source.external.open(entries, expected, proto.name);
  return {
    dtype,
    dims,
    get bytes() {
      return read();
    },
  };
}

function inlineBytes(proto: TensorProto, dtype: NumericDType, { payloads }: TensorSource): Uint8Array {
  if (proto.rawData.length > 0) return payloads[payloadIndex(proto.rawData)];
  const typed = TYPED_DATA.find(({ field }) => proto[field].length > 0);
  if (!typed) return new Uint8Array(0);
  if (typed.holds(dtype)) return typed.bytes(proto, dtype);
  throw invalid('tensor-data', `has ${dtype} elements in the field ${typed.field}`, proto);
}

interface TypedData {
  readonly field: 'floatData' | 'doubleData' | 'int64Data' | 'uint64Data' | 'int32Data';
  holds(dtype: NumericDType): boolean;
  bytes(proto: TensorProto, dtype: NumericDType): Uint8Array;
}

/** Which element types each field holds, and how (onnx.proto). */
const TYPED_DATA: readonly TypedData[] = [
  {
    field: 'floatData',
    holds: (dtype) => dtype === 'float32' || dtype === 'complex64',
    bytes: ({ floatData }) => bytesIn(Float32Array.from(floatData)),
  },
  {
    field: 'doubleData',
    holds: (dtype) => dtype === 'float64' || dtype === 'complex128',
    bytes: ({ doubleData }) => bytesIn(Float64Array.from(doubleData)),
  },
  {
    field: 'int64Data',
    holds: (dtype) => dtype === 'int64',
    bytes: ({ int64Data }) => bytesIn(BigInt64Array.from(int64Data)),
  },
  {
    field: 'uint64Data',
    holds: (dtype) => dtype === 'uint64' || dtype === 'uint32',
    bytes: ({ uint64Data }, dtype) =>
      bytesIn(dtype === 'uint32' ? Uint32Array.from(uint64Data, Number) : BigUint64Array.from(uint64Data)),
  },
  {
    field: 'int32Data',
    holds: (dtype) => dtype === 'int32' || DTYPES[dtype].bits <= 16,
    bytes: ({ int32Data }, dtype) => int32Bytes(int32Data, dtype),
  },
];

/** One element of 8 bits or more, or one byte of packed smaller ones, in each entry. */
function int32Bytes(data: readonly number[], dtype: NumericDType): Uint8Array {
  const { bits } = DTYPES[dtype];
  if (bits <= 8) return Uint8Array.from(data);
  return bytesIn(bits === 16 ? Uint16Array.from(data) : Int32Array.from(data));
}

function bytesIn(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function tensorDType(proto: TensorProto): DType {
  const dtype = dtypeFromOnnx(proto.dataType);
  if (dtype) return dtype;
  throw invalid('unsupported-dtype', `has the element type number ${proto.dataType}, which ONNX 1.20 lacks`, proto);
}

function checkedSize(tensor: DenseTensor, proto: TensorProto): DenseTensor {
  const expected = byteLength(tensor.dtype, sizeOf(tensor.dims));
  if (tensor.bytes.length === expected) return tensor;
  const stated = `${tensor.dtype}[${tensor.dims.join(',')}]`;
  throw invalid('tensor-size', `${stated} needs ${expected} bytes of data, the file has ${tensor.bytes.length}`, proto);
}

function checkedStrings(tensor: Extract<Tensor, { dtype: 'string' }>, proto: TensorProto): Tensor {
  const expected = sizeOf(tensor.dims);
  if (tensor.strings.length === expected) return tensor;
  throw invalid('tensor-size', `needs ${expected} strings, the file has ${tensor.strings.length}`, proto);
}

function invalid(code: string, message: string, proto: TensorProto): BitloomError {
  const problem: Problem = { kind: 'model', code, message };
  return new BitloomError(proto.name ? { ...problem, place: { tensor: proto.name } } : problem);
}
