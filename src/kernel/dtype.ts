/** Element types of ONNX tensors, by their usual names. */
export type DType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'bfloat16'
  | 'float8e4m3fn'
  | 'float8e4m3fnuz'
  | 'float8e5m2'
  | 'float8e5m2fnuz'
  | 'float8e8m0'
  | 'float4e2m1'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'int4'
  | 'int2'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'uint4'
  | 'uint2'
  | 'bool'
  | 'complex64'
  | 'complex128'
  | 'string';

export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

type TypedArrayConstructor = {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray;
};

interface DTypeInfo {
  /** Bits of one element; elements below a byte are packed, lowest bits first. 0 for strings. */
  readonly bits: number;
  /** The array that views the raw bytes; types that JavaScript lacks are viewed as the integers that hold them. */
  readonly view: TypedArrayConstructor;
  /** `TensorProto.DataType` of the ONNX specification. */
  readonly onnx: number;
}

export const DTYPES: { readonly [D in DType]: DTypeInfo } = {
  float32: { bits: 32, view: Float32Array, onnx: 1 },
  uint8: { bits: 8, view: Uint8Array, onnx: 2 },
  int8: { bits: 8, view: Int8Array, onnx: 3 },
  uint16: { bits: 16, view: Uint16Array, onnx: 4 },
  int16: { bits: 16, view: Int16Array, onnx: 5 },
  int32: { bits: 32, view: Int32Array, onnx: 6 },
  int64: { bits: 64, view: BigInt64Array, onnx: 7 },
  string: { bits: 0, view: Uint8Array, onnx: 8 },
  bool: { bits: 8, view: Uint8Array, onnx: 9 },
  float16: { bits: 16, view: Uint16Array, onnx: 10 },
  float64: { bits: 64, view: Float64Array, onnx: 11 },
  uint32: { bits: 32, view: Uint32Array, onnx: 12 },
  uint64: { bits: 64, view: BigUint64Array, onnx: 13 },
  complex64: { bits: 64, view: Float32Array, onnx: 14 },
  complex128: { bits: 128, view: Float64Array, onnx: 15 },
  bfloat16: { bits: 16, view: Uint16Array, onnx: 16 },
  float8e4m3fn: { bits: 8, view: Uint8Array, onnx: 17 },
  float8e4m3fnuz: { bits: 8, view: Uint8Array, onnx: 18 },
  float8e5m2: { bits: 8, view: Uint8Array, onnx: 19 },
  float8e5m2fnuz: { bits: 8, view: Uint8Array, onnx: 20 },
  uint4: { bits: 4, view: Uint8Array, onnx: 21 },
  int4: { bits: 4, view: Uint8Array, onnx: 22 },
  float4e2m1: { bits: 4, view: Uint8Array, onnx: 23 },
  float8e8m0: { bits: 8, view: Uint8Array, onnx: 24 },
  uint2: { bits: 2, view: Uint8Array, onnx: 25 },
  int2: { bits: 2, view: Uint8Array, onnx: 26 },
};

const BY_ONNX = new Map<number, DType>();
for (const name of Object.keys(DTYPES)) if (isDType(name)) BY_ONNX.set(DTYPES[name].onnx, name);

export function isDType(name: string): name is DType {
  return Object.hasOwn(DTYPES, name);
}

/** The element type with this `TensorProto.DataType` number, if there is one. */
export function dtypeFromOnnx(code: number): DType | undefined {
  return BY_ONNX.get(code);
}

/** Bytes that `count` elements take, packed. */
export function byteLength(dtype: DType, count: number): number {
  return Math.ceil((DTYPES[dtype].bits * count) / 8);
}
